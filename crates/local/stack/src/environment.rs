//! The account and region that every ARN of this machine names.

/// The region.
pub const REGION: &str = "us-east-1";
/// The account, as emulators of AWS name theirs.
pub const ACCOUNT: &str = "000000000000";
