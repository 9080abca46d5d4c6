//! IAM policies: may this principal do this action to this resource?
