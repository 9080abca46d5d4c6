//! API Gateway mapping templates: Velocity with $input, $util and $context
