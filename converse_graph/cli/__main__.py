"""`python -m converse_graph.cli`: the command line where no script is installed."""

from converse_graph.cli.app import main

main()
