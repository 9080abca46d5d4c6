//! A REST API of API Gateway, run from its OpenAPI document
