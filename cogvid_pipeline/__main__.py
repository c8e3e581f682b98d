"""`python -m cogvid_pipeline` is `cogvid`."""

from cogvid_pipeline.cli.main import main

if __name__ == "__main__":
    main()
