"""`python -m api.cli`: the command line without its installed script."""

from . import main

main()
