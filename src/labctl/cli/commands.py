"""Every command: where its code is, its one line of help, and examples. Listing them imports none."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One command; `code` is module:function below `labctl.cli`."""

    section: str
    code: str
    help: str
    examples: tuple[str, ...] = ()
    passes_options: bool = False  # what follows the first argument belongs to another program


LAB, DRILL, LOOK, ACT, AUTHOR = (
    "The lab",
    "The drill",
    "Look",
    "Act",
    "Prove and write",
)
SECTIONS = (LAB, DRILL, LOOK, ACT, AUTHOR)

COMMANDS: dict[str, Entry] = {
    "doctor": Entry(LAB, "doctor:doctor", "Say what this machine can run, and what it lacks."),
    "up": Entry(
        LAB,
        "life:up",
        "Start a lab: the shop, its monitoring and its users.",
        ("labctl up", "labctl up --name second"),
    ),
    "down": Entry(
        LAB,
        "life:down",
        "Stop a lab and remove everything it left.",
        ("labctl down", "labctl down --lab second", "labctl down --all"),
    ),
    "reset": Entry(LAB, "life:reset", "Bring the lab back to healthy, with fresh data and no memory."),
    "status": Entry(LAB, "status:status", "Show each component, and what users feel now."),
    "recover": Entry(
        LAB,
        "life:recover",
        "After a crash: undo every fault, and leave nothing behind.",
        ("labctl recover", "labctl recover --keep", "labctl recover --all --force"),
    ),
    "drill": Entry(
        DRILL,
        "drill:drill",
        "Begin an incident, or go on with the one that runs.",
        ("labctl drill checkout-03", "labctl drill --random --family checkout-slow", "labctl drill"),
    ),
    "watch": Entry(
        DRILL,
        "watch:watch",
        "Watch a lab: its users, its stack, its incident.",
        ("labctl watch", "labctl watch --once", "labctl watch --lab second"),
    ),
    "page": Entry(DRILL, "page:page", "Show the page as it was sent."),
    "ack": Entry(DRILL, "incident:ack", "Acknowledge the page: somebody has it."),
    "say": Entry(
        DRILL,
        "incident:say_",
        "Tell those who wait how it stands.",
        ('labctl say "Checkout is slow for most; we look at the last deploy. More in 5 min."',),
    ),
    "declare": Entry(
        DRILL,
        "incident:declare",
        "Declare how bad it is, and who does what.",
        ("labctl declare --severity SEV2 --role commander=Ada --role scribe=Bo",),
    ),
    "hint": Entry(DRILL, "incident:hint", "Take the next hint; its cost is shown first."),
    "check": Entry(DRILL, "check:check", "Say how far the hold is, and what is missing."),
    "resolve": Entry(DRILL, "resolve:resolve", "Claim that it is over, and wait for the verdict."),
    "reveal": Entry(DRILL, "incident:reveal", "Give up the secret: tell the cause."),
    "quit": Entry(DRILL, "incident:quit_", "End the drill without a verdict, and heal the lab."),
    "debrief": Entry(
        DRILL,
        "debrief:debrief",
        "Tell a drill that is over: story, score, what contributed.",
        ("labctl debrief", "labctl debrief --html debrief.html", "labctl debrief 4f0c21aa --json"),
    ),
    "postmortem": Entry(
        DRILL,
        "postmortem:postmortem",
        "Draft a blameless postmortem, or have one read.",
        ("labctl postmortem draft postmortem.md", "labctl postmortem lint postmortem.md"),
    ),
    "demo": Entry(DRILL, "demo:demo", "Watch a whole incident, played by a script."),
    "list": Entry(DRILL, "library:list_", "List the incidents, without giving away their causes."),
    "logs": Entry(
        LOOK,
        "logs:logs",
        "Read the logs of one component, or of all.",
        (
            "labctl logs checkout --since 2m --grep timeout",
            "labctl logs --trace 4bf92f35",
            "labctl logs edge -f",
        ),
    ),
    "trace": Entry(
        LOOK,
        "trace:trace",
        "Follow one request through all services, as a waterfall.",
        ("labctl trace", "labctl trace 4bf92f35", "labctl trace 4bf92f35 --since 15m"),
    ),
    "top": Entry(
        LOOK,
        "top:top",
        "Show CPU, memory, restarts and age of each replica.",
        ("labctl top", "labctl top --follow"),
    ),
    "query": Entry(
        LOOK,
        "query:query",
        "Ask Prometheus: a table now, or a range as sparklines.",
        ("labctl query 'up == 0'", "labctl query 'rate(db_pool_timeouts_total[10s])' --range 5m"),
    ),
    "psql": Entry(
        LOOK,
        "stores:psql",
        "Ask Postgres, or open a psql session.",
        ("labctl psql", "labctl psql 'select count(*) from orders'", "labctl psql --user analytics"),
    ),
    "redis": Entry(
        LOOK,
        "stores:redis",
        "Ask one of the Redis servers, or open a session.",
        ("labctl redis redis-cache info memory", "labctl redis redis-queue xlen orders"),
        passes_options=True,
    ),
    "sh": Entry(
        LOOK,
        "sh:sh",
        "Open a shell in a replica, or run one command there.",
        ("labctl sh checkout", "labctl sh checkout-1 -- ps aux", "labctl sh postgres -- psql shop"),
        passes_options=True,
    ),
    "runbook": Entry(
        LOOK,
        "runbook:runbook",
        "Read what to look at first for an alert, and what may help.",
        ("labctl runbook", "labctl runbook CheckoutBudgetBurn"),
    ),
    "changes": Entry(LOOK, "history:changes", "List deploys, settings and flags that changed, with times."),
    "diff": Entry(
        LOOK,
        "history:diff",
        "Show what differs between two releases.",
        ("labctl diff checkout", "labctl diff checkout 2.3.0 2.4.0"),
    ),
    "deploy": Entry(
        ACT,
        "actions:deploy",
        "Deploy a release of a component, or your own hot-fix.",
        ("labctl deploy checkout 2.3.1", "labctl deploy checkout --from ./my-checkout"),
    ),
    "rollback": Entry(
        ACT, "actions:rollback", "Go back to the release before.", ("labctl rollback checkout",)
    ),
    "set": Entry(
        ACT,
        "actions:set_",
        "Change a component's settings; its replicas are replaced.",
        ("labctl set checkout DB_POOL_MAX=8",),
    ),
    "flag": Entry(
        ACT, "actions:flag", "Turn a flag, while the services run.", ("labctl flag maintenance on",)
    ),
    "limit": Entry(
        ACT,
        "actions:limit",
        "Change what a component may use.",
        ("labctl limit catalog --memory 512m", "labctl limit edge --cpus 1.5"),
    ),
    "scale": Entry(ACT, "actions:scale", "Run more or fewer replicas.", ("labctl scale checkout 3",)),
    "restart": Entry(ACT, "actions:restart", "Restart a component.", ("labctl restart checkout",)),
    "sql": Entry(
        ACT,
        "actions:sql",
        "Run a statement that changes the database.",
        ("labctl sql 'analyze orders'", "labctl sql 'select pg_terminate_backend(4711)'"),
    ),
    "verify": Entry(
        AUTHOR,
        "verify:verify",
        "Prove that scenarios break the shop, and can be fixed.",
        (
            "labctl verify pool-shrunk",
            "labctl verify --all --out proofs",
            "labctl verify --changed origin/main --format github",
            "labctl verify pool-shrunk --only 'fix:roll back checkout'",
        ),
    ),
    "matrix": Entry(
        AUTHOR,
        "matrix:matrix",
        "Try each fix in its siblings, and keep the verdicts.",
        ("labctl matrix --out docs/fixes.json", "labctl matrix checkout-slow --jobs 2 --out fixes.json"),
    ),
    "lint": Entry(
        AUTHOR,
        "author:lint",
        "Check scenario and SLO files: every mistake, with its place.",
        (
            "labctl lint scenarios/pool-shrunk.yaml",
            "labctl lint scenarios --strict",
            "labctl lint scenarios --format github",
        ),
    ),
    "new": Entry(
        AUTHOR,
        "author:new",
        "Write a new scenario, commented and right, to start from.",
        ("labctl new card-reader-slow", "labctl new cart-errors --family browse-slow"),
    ),
    "schema": Entry(
        AUTHOR,
        "author:schema",
        "Print the JSON Schema of a kind of file, for editors.",
        ("labctl schema scenario", "labctl schema --out schemas"),
    ),
    "record": Entry(
        AUTHOR,
        "record:record",
        "Keep the newest drill or attempt of a lab as a file.",
        ("labctl record --out pool-shrunk.json",),
    ),
    "help": Entry(
        AUTHOR,
        "help:help_",
        "Explain a command, or a topic such as exit-codes.",
        ("labctl help exit-codes",),
    ),
}
