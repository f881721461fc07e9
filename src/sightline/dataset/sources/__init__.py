"""What a data set is read from: class folders, tables, lists; on this machine or in a bucket."""
