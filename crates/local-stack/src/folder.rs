//! Where a stack keeps its data.

use std::path::{Path, PathBuf};

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// A new, empty folder among the system's temporary ones.
    ///
    /// # Errors
    /// As [`std::fs::create_dir_all`].
    pub fn new() -> std::io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("contact-sheet-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
