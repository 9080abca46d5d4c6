//! S3 over its wire protocol, kept in a folder
