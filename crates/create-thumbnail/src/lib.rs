//! Lambda function: an uploaded picture to its thumbnails
