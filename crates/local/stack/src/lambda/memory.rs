//! The peak memory of a function's process.
//!
//! Lambda kills a process that exceeds `MemorySize`. A limit of the process (`RLIMIT_AS`, `RLIMIT_DATA`) would instead
//! make allocations fail, which a function can handle, and would count address space that is never touched. The kernel's
//! peak of resident memory misses no peak between two checks, and counts what Lambda's microVM has to hold, pages of the
//! executable included.

use std::time::Duration;

const KB_PER_MB: u64 = 1024;
const POLL: Duration = Duration::from_millis(20);

/// The peak of a process's resident memory in KB; `None` on systems other than Linux, or once the process has ended.
pub fn peak_kb(process_id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Memory of one execution environment.
pub struct Memory {
    process_id: Option<u32>,
    size_mb: u32,
    peak_kb: u64,
}

impl Memory {
    /// The memory of a process that is limited to `size_mb`.
    pub const fn new(process_id: Option<u32>, size_mb: u32) -> Self {
        Self {
            process_id,
            size_mb,
            peak_kb: 0,
        }
    }

    /// Whether the process has exceeded its limit.
    pub fn is_exceeded(&mut self) -> bool {
        if let Some(peak) = self.process_id.and_then(peak_kb) {
            self.peak_kb = self.peak_kb.max(peak);
        }
        self.peak_kb > u64::from(self.size_mb) * KB_PER_MB
    }

    /// Returns once the process has exceeded its limit.
    pub async fn exceeded(&mut self) {
        while !self.is_exceeded() {
            tokio::time::sleep(POLL).await;
        }
    }

    /// The peak in MB, as Lambda reports it: never more than the limit.
    pub fn max_used_mb(&self) -> u64 {
        self.peak_kb
            .div_ceil(KB_PER_MB)
            .min(u64::from(self.size_mb))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The kernel counts in batches on each core, so its numbers are off by up to this.
    const TOLERANCE_KB: u64 = 4 * 1024;

    #[test]
    fn a_peak_is_known_after_it_has_passed() {
        let held = vec![1_u8; 64 * 1024 * 1024];
        assert!(held.iter().all(|byte| *byte == 1));
        drop(held);
        let peak = peak_kb(std::process::id()).unwrap();
        assert!(peak + TOLERANCE_KB >= 64 * 1024, "{peak}");

        let mut memory = Memory::new(Some(std::process::id()), 10);
        assert!(memory.is_exceeded());
        assert_eq!(memory.max_used_mb(), 10);
        let mut memory = Memory::new(Some(std::process::id()), 1_000_000);
        assert!(!memory.is_exceeded());
        assert!(memory.max_used_mb() >= 60);
    }
}
