//! Files and folders that only the user who runs the stack can read.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Creates a folder and its missing parents, unless it exists.
///
/// # Errors
/// As [`DirBuilder::create`].
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)
}

/// Creates a file unless it exists.
///
/// # Errors
/// As [`OpenOptions::open`].
pub fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
        .map(drop)
}

/// Opens a file to append to it, and creates it if necessary.
///
/// # Errors
/// As [`OpenOptions::open`].
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Creates, or truncates, a file that its user can execute.
///
/// # Errors
/// As [`OpenOptions::open`].
pub fn executable(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FOLDER_MODE)
        .open(path)
}

/// Writes a file atomically: after a crash it holds either its old contents or all of `contents`.
///
/// # Errors
/// As [`File::create`] and [`std::fs::rename`].
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(&partial)?;
    file.write_all(contents)?;
    std::fs::rename(&partial, path)
}

/// If other users have any permission on a folder, removes theirs on it and on everything in it.
///
/// # Errors
/// As [`std::fs::read_dir`] and [`std::fs::set_permissions`].
pub fn restrict(folder: &Path) -> io::Result<()> {
    if std::fs::metadata(folder)?.permissions().mode() & 0o777 != FOLDER_MODE {
        restrict_all(folder)?;
    }
    Ok(())
}

fn restrict_all(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // The metadata of the entry itself: links are not followed.
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            restrict_all(&entry.path())?;
        } else if metadata.is_file() {
            let mode = metadata.permissions().mode() & FOLDER_MODE;
            std::fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}
