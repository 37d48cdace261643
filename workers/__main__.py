"""`python -m workers`: the background process."""

from workers.scheduler import main

main()
