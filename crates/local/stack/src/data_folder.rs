//! The folder that a stack keeps its data in.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::access::Credentials;
use crate::command_line::Data;
use crate::private_files;

/// A folder that is deleted when this is dropped.
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
        private_files::create_folder(&path)?;
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

/// What a data folder keeps of a stack between runs.
#[derive(Serialize, Deserialize)]
pub struct Identity {
    /// Version of the folder's layout; the first folders have none.
    #[serde(default)]
    version: u32,
    /// Last part of the stack's ARN, from which its resources' names are generated.
    pub stack_id: String,
    /// The local administrator's.
    pub administrator: Credentials,
    /// The API key's value.
    pub api_key: String,
}

/// Raised whenever something in the folder is stored in a way that earlier versions can't read.
const VERSION: u32 = 2;

/// A folder that one stack uses.
pub struct DataFolder {
    path: PathBuf,
    /// The stack that the folder belongs to.
    pub identity: Identity,
    _lock: File,
    _temporary: Option<TemporaryFolder>,
}

impl DataFolder {
    /// Opens a folder, or creates it; only the user who runs this program can read what is in it.
    ///
    /// # Errors
    /// Another stack uses it, another version of this program wrote it, or it cannot be written.
    pub fn open(data: &Data) -> anyhow::Result<Self> {
        let (temporary, path) = match data {
            Data::Kept(path) => (None, path.clone()),
            Data::Ephemeral => {
                let folder = TemporaryFolder::new().context("cannot create a temporary folder")?;
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

/// A stack that is killed while it starts a process leaves the lock to that process until the process runs its program.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

fn lock(data: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot keep data in {}", data.display());
    private_files::create_folder(data).with_context(cannot)?;
    private_files::restrict(data).with_context(cannot)?;
    let file = private_files::append(&data.join("lock")).with_context(cannot)?;
    let end = Instant::now() + LOCK_PATIENCE;
    while file.try_lock().is_err() {
        if Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
            continue;
        }
        bail!(
            "another stack is using {} (--data chooses another folder)",
            data.display()
        );
    }
    Ok(file)
}

fn identity(data: &Path) -> anyhow::Result<Identity> {
    let path = data.join("identity.json");
    let stored = match fs::read(&path) {
        Ok(stored) => stored,
        Err(error) if error.kind() == ErrorKind::NotFound => return create_identity(&path),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let identity: Identity = serde_json::from_slice(&stored)
        .with_context(|| format!("{} is not an identity", path.display()))?;
    if identity.version != VERSION {
        bail!(
            "{} was written by {} version of this program: delete it, or choose another folder with --data",
            data.display(),
            if identity.version < VERSION {
                "an earlier"
            } else {
                "a later"
            },
        );
    }
    Ok(identity)
}

fn create_identity(path: &Path) -> anyhow::Result<Identity> {
    let identity = Identity {
        version: VERSION,
        stack_id: uuid::Uuid::new_v4().to_string(),
        administrator: Credentials::random_user(),
        api_key: uuid::Uuid::new_v4().simple().to_string(),
    };
    private_files::write(path, &serde_json::to_vec_pretty(&identity)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn open(path: &Path) -> anyhow::Result<DataFolder> {
        DataFolder::open(&Data::Kept(path.to_owned()))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_keeps_its_identity_and_is_used_by_one_stack_at_a_time() {
        let temporary = TemporaryFolder::new().unwrap();
        let path = temporary.path().join("data");
        let first = open(&path).unwrap();
        let stack_id = first.identity.stack_id.clone();
        let refusal = open(&path).err().unwrap().to_string();
        assert!(refusal.starts_with("another stack is using"), "{refusal}");
        let end = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(first);
        });
        assert_eq!(open(&path).unwrap().identity.stack_id, stack_id);
        end.join().unwrap();
    }

    #[test]
    fn only_the_user_can_read_a_folder_also_one_that_others_could_read_before() {
        let temporary = TemporaryFolder::new().unwrap();
        let path = temporary.path().join("data");
        open(&path).unwrap();
        for (path, mode) in [(path.clone(), 0o755), (path.join("identity.json"), 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(path.join("logs")).unwrap();
        fs::write(path.join("logs/function.log"), "").unwrap();
        open(&path).unwrap();
        for folder in [path.clone(), path.join("logs")] {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
        for file in ["identity.json", "lock", "logs/function.log"] {
            assert_eq!(mode(&path.join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn a_folder_of_another_version_is_refused_with_what_to_do() {
        let temporary = TemporaryFolder::new().unwrap();
        let path = temporary.path().join("data");
        open(&path).unwrap();
        let identity = path.join("identity.json");
        let current = fs::read_to_string(&identity).unwrap();
        let versioned = format!("\"version\": {VERSION},");
        assert!(current.contains(&versioned), "{current}");
        for (version, whose) in [
            (String::new(), "an earlier version"),
            (format!("\"version\": {},", VERSION + 1), "a later version"),
        ] {
            fs::write(&identity, current.replace(&versioned, &version)).unwrap();
            let refusal = open(&path).err().unwrap().to_string();
            assert!(
                refusal.contains(whose) && refusal.contains("--data"),
                "{refusal}"
            );
        }
    }
}
