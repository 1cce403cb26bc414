"""The folder of scenario files; this module only says where it is."""
