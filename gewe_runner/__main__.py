"""`python -m gewe_runner`: the same program as `gewe-runner`."""

from gewe_runner import cli

if __name__ == "__main__":
    cli.main()
