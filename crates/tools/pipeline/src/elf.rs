//! What an executable asks of the machine that runs it, from its ELF header and its version needs
//! (Linux Standard Base, "Symbol Versioning").

/// An executable's processor and the versions of libraries' symbols that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// `e_machine`: 62 is x86-64, 183 is `AArch64`.
    pub machine: u16,
    /// Such as `GLIBC_2.34`, in no order.
    pub versions: Vec<String>,
}

/// `SHT_GNU_verneed`.
const VERSION_NEEDS: u32 = 0x6fff_fffe;

/// Reads a little-endian 64-bit ELF file; `None` if it is none, or if it is cut off.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Executable> {
    let file = File(bytes);
    if file.0.get(..6)? != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let machine = file.u16(18)?;
    let (table, size, count) = (file.offset(0x28)?, file.u16(0x3a)?, file.u16(0x3c)?);
    let section = |index: u32| {
        let at = usize::try_from(index)
            .ok()?
            .checked_mul(usize::from(size))?;
        table.checked_add(at)
    };
    let mut versions = Vec::new();
    for index in 0..u32::from(count) {
        let header = section(index)?;
        if file.u32(header + 4)? != VERSION_NEEDS {
            continue;
        }
        let names = file.offset(section(file.u32(header + 0x28)?)? + 0x18)?;
        let mut library = file.offset(header + 0x18)?;
        for _ in 0..file.u32(header + 0x2c)? {
            let mut version = library + usize::try_from(file.u32(library + 8)?).ok()?;
            for _ in 0..file.u16(library + 2)? {
                let name = usize::try_from(file.u32(version + 8)?).ok()?;
                versions.push(file.text(names.checked_add(name)?)?);
                version += usize::try_from(file.u32(version + 12)?).ok()?;
            }
            match file.u32(library + 12)? {
                0 => break,
                next => library += usize::try_from(next).ok()?,
            }
        }
    }
    Some(Executable { machine, versions })
}

impl Executable {
    /// The newest glibc of which a symbol is needed, as major and minor number.
    #[must_use]
    pub fn newest_glibc(&self) -> Option<(u32, u32)> {
        let versions = self.versions.iter().filter_map(|version| {
            let mut numbers = version.strip_prefix("GLIBC_")?.split('.');
            Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
        });
        versions.max()
    }
}

struct File<'a>(&'a [u8]);

impl File<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// A place in the file; one behind its end is none, so that adding to it can't overflow.
    fn offset(&self, at: usize) -> Option<usize> {
        let offset = usize::try_from(self.bytes(at).map(u64::from_le_bytes)?).ok()?;
        (offset <= self.0.len()).then_some(offset)
    }

    fn text(&self, at: usize) -> Option<String> {
        let text = self.0.get(at..)?.split(|byte| *byte == 0).next()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn this_test() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    fn this_test_needs_the_libc_that_it_was_linked_with() {
        let executable = read(&this_test()).unwrap();
        let machine = if cfg!(target_arch = "x86_64") {
            62
        } else {
            183
        };
        assert_eq!(executable.machine, machine);
        assert!(
            executable.newest_glibc().unwrap() >= (2, 2),
            "{executable:?}"
        );
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let versions = [
            "GLIBC_2.9",
            "GLIBC_2.17",
            "GLIBC_2.2.5",
            "GCC_3.0",
            "GLIBC_PRIVATE",
        ];
        let executable = Executable {
            machine: 62,
            versions: versions.map(str::to_owned).to_vec(),
        };
        assert_eq!(executable.newest_glibc(), Some((2, 17)));
    }

    #[test]
    fn what_is_cut_off_is_no_executable() {
        let whole = this_test();
        for length in [0, 5, 6, 0x3e, whole.len() / 2, whole.len() - 64] {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(
            read(b"#!/bin/sh\nexec something that is longer than a header is\n"),
            None
        );
    }
}
