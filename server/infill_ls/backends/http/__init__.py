"""One host over HTTP: connections, time limits, and foreign failures as errors of ours."""
