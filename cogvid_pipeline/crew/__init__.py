"""Who does the jobs: processes and threads of this machine, or the workers of a cluster."""
