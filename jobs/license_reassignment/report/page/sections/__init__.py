"""The sections of the report, one file each: the finding's own figures in words, in reading order, nothing new."""
