"""`python -m kerasae`: the `kerasae` command, where its folder is not on the `PATH`."""

from kerasae_cli.main import main

if __name__ == "__main__":
    main()
