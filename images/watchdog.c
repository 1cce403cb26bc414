/* PID 1 of every container: it runs one program and ends as that program ends.
 *
 *   watchdog [--health PATH] PROGRAM [ARGUMENT ...]
 *
 * Signals are passed on; orphans are reaped; when the program was killed by signal n, so that the engine
 * sees a crash and restarts, the exit code is 128 + n. With --health it also asks http://127.0.0.1:
 * $SERVICE_PORT (8000) PATH, and once that has answered, kills the program when no answer whatever has
 * come for $WATCHDOG_PATIENCE seconds (60): the engine restarts what ends, never what hangs.
 *
 * It also answers DNS on 127.0.0.1, with "no such name". The engine's resolver passes on what it does not
 * know; some engines never answer when that fails, and a look-up of a replica that is down would hang for
 * ten seconds. With `dns: [127.0.0.1]` the question ends here, at once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVERY_S 5
#define ANSWER_MS 1000L

static pid_t program;
static int signals, names = -1;

static void say(const char *format, ...) {
    char line[256];
    va_list rest;
    va_start(rest, format);
    vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    fprintf(stderr, "watchdog: %s\n", line);
}

static long now_ms(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void reap(void) {
    int status;
    pid_t gone;
    while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
        if (gone != program) continue;
        if (!WIFSIGNALED(status)) exit(WEXITSTATUS(status));
        say("the program was killed by signal %d", WTERMSIG(status));
        exit(128 + WTERMSIG(status));
    }
}

static void take_signals(void) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) reap();
        else kill(program, (int)info.ssi_signo);
    }
}

static void listen_for_names(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    names = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (names >= 0 && bind(names, (struct sockaddr *)&here, sizeof here) < 0) {
        close(names); /* not allowed here, or somebody else's: then there is no such service */
        names = -1;
    }
}

static void answer_names(void) {
    unsigned char text[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length;
    while ((length = recvfrom(names, text, sizeof text, 0, (struct sockaddr *)&from, &size)) > 0) {
        ssize_t end = 12;
        while (end < length && text[end]) end += text[end] + 1; /* the labels of the name */
        end += 5;                                               /* its end, type and class */
        if (end > length || text[5] != 1) continue;
        text[2] = 0x81; /* an answer, recursion was desired */
        text[3] = 0x83; /* recursion is available, no such name */
        memset(text + 6, 0, 6);
        sendto(names, text, (size_t)end, MSG_NOSIGNAL, (struct sockaddr *)&from, size);
    }
}

/* Wait until `file` (or nothing, when -1) is as wanted; signals and questions are taken meanwhile. 0 on time-out. */
static int wait_for(int file, short events, long deadline) {
    for (;;) {
        struct pollfd all[3] = {{signals, POLLIN, 0}, {names, POLLIN, 0}, {file, events, 0}};
        long left = deadline - now_ms();
        if (left <= 0) return 0;
        if (poll(all, 3, (int)left) < 0 && errno != EINTR) return 0;
        if (all[0].revents) take_signals();
        if (all[1].revents) answer_names();
        if (all[2].revents) return 1;
    }
}

/* Whether anything answers; what it says does not matter. */
static int answers(int port, const char *path) {
    char text[512], answer[512];
    long deadline = now_ms() + ANSWER_MS;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int heard = 0, file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0) return 0;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if ((connect(file, (struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS) &&
        wait_for(file, POLLOUT, deadline) && send(file, text, (size_t)length, MSG_NOSIGNAL) == length)
        while (wait_for(file, POLLIN, deadline) && read(file, answer, sizeof answer) > 0) heard = 1;
    close(file);
    return heard;
}

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value && atoi(value) > 0 ? atoi(value) : otherwise;
}

int main(int argc, char **argv) {
    const char *health = NULL;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--health") == 0) {
        health = argv[2];
        first = 3;
    }
    if (argc <= first) {
        say("usage: watchdog [--health PATH] PROGRAM [ARGUMENT ...]");
        return 64;
    }

    sigset_t every, before;
    sigfillset(&every);
    sigprocmask(SIG_SETMASK, &every, &before);
    signals = signalfd(-1, &every, SFD_NONBLOCK | SFD_CLOEXEC);
    listen_for_names();
    program = fork();
    if (program == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(argv[first], argv + first);
        say("%s: %s", argv[first], strerror(errno));
        _exit(127);
    }
    if (signals < 0 || program < 0) {
        say("cannot start: %s", strerror(errno));
        return 70;
    }

    int port = number("SERVICE_PORT", 8000);
    long patience_ms = 1000L * number("WATCHDOG_PATIENCE", 60), heard_at = 0;
    long every_ms = patience_ms < 1000L * EVERY_S ? patience_ms : 1000L * EVERY_S;
    for (;;) {
        wait_for(-1, 0, now_ms() + every_ms);
        if (!health) continue;
        if (answers(port, health)) heard_at = now_ms();
        else if (heard_at && now_ms() - heard_at > patience_ms) {
            say("no answer from %s for %ld s: killing the program", health, patience_ms / 1000);
            kill(program, SIGKILL);
            heard_at = 0;
        }
    }
}
