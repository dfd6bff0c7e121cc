# none: the adapter is written for this version
