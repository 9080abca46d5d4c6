//! The account and region that every ARN of this machine names.

/// The region.
pub const REGION: &str = "us-east-1";
/// The account, which is that of most emulators of AWS.
pub const ACCOUNT: &str = "000000000000";
