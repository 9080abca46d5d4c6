//! What is in a picture: two small networks and their vocabularies, answering as Rekognition's DetectLabels
