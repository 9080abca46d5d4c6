//! Where a stack keeps its data.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::access::Credentials;
use crate::command_line::Data;

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

/// What a data folder remembers between runs.
#[derive(Serialize, Deserialize)]
pub struct Identity {
    /// Last part of the stack's ARN, of which its resources' names are made.
    pub stack_id: String,
    /// The local administrator's.
    pub administrator: Credentials,
    /// The API key's value.
    pub api_key: String,
}

/// A folder that one stack uses.
pub struct DataFolder {
    path: PathBuf,
    /// Who the stack is.
    pub identity: Identity,
    _lock: File,
    _temporary: Option<TemporaryFolder>,
}

impl DataFolder {
    /// Opens a folder, which remembers who it belongs to, or makes a temporary one.
    ///
    /// # Errors
    /// Another stack uses it, or it can't be written.
    pub fn open(data: &Data) -> anyhow::Result<Self> {
        let (temporary, path) = match data {
            Data::Kept(path) => (None, path.clone()),
            Data::Ephemeral => {
                let folder =
                    TemporaryFolder::new().context("there is no room for temporary data")?;
                let path = folder.path().to_owned();
                (Some(folder), path)
            }
        };
        Ok(Self {
            _lock: lock(&path)?,
            identity: identity(&path)?,
            _temporary: temporary,
            path,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn lock(data: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot keep data in {}", data.display());
    fs::create_dir_all(data).with_context(cannot)?;
    let file = File::create(data.join("lock")).with_context(cannot)?;
    if file.try_lock().is_err() {
        bail!(
            "another stack is using {} (--data chooses another folder)",
            data.display()
        );
    }
    Ok(file)
}

fn identity(data: &Path) -> anyhow::Result<Identity> {
    let path = data.join("identity.json");
    if let Ok(text) = fs::read(&path) {
        return serde_json::from_slice(&text)
            .with_context(|| format!("{} is not readable", path.display()));
    }
    let identity = Identity {
        stack_id: uuid::Uuid::new_v4().to_string(),
        administrator: Credentials::random_user(),
        api_key: uuid::Uuid::new_v4().simple().to_string(),
    };
    fs::write(&path, serde_json::to_vec_pretty(&identity)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(identity)
}
