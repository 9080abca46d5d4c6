//! A progressive image (T.81, annex G): of its scans only those are read that the size wanted can show.
//!
//! Where one sample a block is enough, that is the scans of the means, a few per cent of the file. A scan that
//! refines is told by the coefficients that are not zero so far, so for components with more samples their places
//! are remembered for all 64, and values for those that are used.

use memchr::memchr;

use super::Unusual;
use super::bits::{Bits, Reader};
use super::frame::{Frame, Part, Scan, Tables};
use super::huffman::Table;
use super::scale::Reduction;
use super::scaled_idct::{LOWEST, ZIGZAG, mean, reduce, reduce_fine, to_levels};

/// A file of more scans is made to keep decoders busy.
pub(crate) const MAX_SCANS: usize = 100;

/// What is known of the blocks of one component.
struct Grid {
    /// Blocks across, whole minimum coded units.
    across: usize,
    /// Coefficients kept of each block.
    kept: usize,
    values: Vec<i16>,
    /// Which coefficients are not zero; empty where only the mean is used.
    nonzero: Vec<u64>,
    has_mean: bool,
}

/// Reads all scans and calls `give` with component and samples of each row.
pub(super) fn read(
    bytes: &[u8],
    tables: &mut Tables<'_>,
    frame: &Frame,
    first: Scan,
    reductions: &[Reduction],
    memory: u64,
    mut give: impl FnMut(usize, &[f32]),
) -> Result<(), Unusual> {
    let (across, down) = frame.units();
    let blocks = |component: usize| {
        across * frame.components[component].h * down * frame.components[component].v
    };
    let needed: usize = reductions
        .iter()
        .enumerate()
        .map(|(component, reduction)| {
            blocks(component)
                * if reduction.last == 0 {
                    2
                } else {
                    2 * (reduction.last + 1) + 8
                }
        })
        .sum();
    if needed as u64 > memory {
        return Err(Unusual);
    }
    let mut grids: Vec<Grid> = frame
        .components
        .iter()
        .zip(reductions)
        .enumerate()
        .map(|(index, (component, reduction))| Grid {
            across: across * component.h,
            kept: reduction.last + 1,
            values: vec![0; blocks(index) * (reduction.last + 1)],
            nonzero: vec![
                0;
                if reduction.last == 0 {
                    0
                } else {
                    blocks(index)
                }
            ],
            has_mean: false,
        })
        .collect();

    let mut next = Some(first);
    let mut scans = 0;
    while let Some(scan) = next {
        scans += 1;
        if scans > MAX_SCANS {
            return Err(Unusual);
        }
        match (scan.first, scan.parts.as_slice()) {
            (0, _) if scan.last == 0 => means(bytes, tables, frame, &scan, &mut grids)?,
            (1.., [part]) => {
                if reductions[part.component].last > 0 {
                    details(
                        bytes,
                        tables,
                        frame,
                        &scan,
                        *part,
                        &mut grids[part.component],
                    )?;
                }
            }
            _ => return Err(Unusual),
        }
        tables.go_on_at(end_of_scan(bytes, scan.data));
        next = tables.next_scan()?;
    }

    if grids.iter().any(|grid| !grid.has_mean) {
        return Err(Unusual);
    }
    let quants = frame
        .components
        .iter()
        .map(|component| tables.quant(component))
        .collect::<Result<Vec<_>, _>>()?;
    let mut given = vec![0; grids.len()];
    for unit_row in 0..down {
        for (index, (grid, reduction)) in grids.iter().zip(reductions).enumerate() {
            let stride = grid.across * reduction.across;
            let mut rows = vec![0.0; stride * reduction.down];
            let v = frame.components[index].v;
            for row in unit_row * v..(unit_row + 1) * v {
                samples(grid, row, reduction, &quants[index], &mut rows);
                for row in rows.chunks_exact_mut(stride) {
                    if given[index] < reduction.rows {
                        let row = &mut row[..reduction.columns];
                        to_levels(row);
                        give(index, row);
                        given[index] += 1;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Where the marker is that ends the scan; restart markers do not.
pub(crate) fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(run) = bytes.get(at..).and_then(|rest| memchr(0xff, rest)) {
        at += run;
        match bytes.get(at + 1) {
            Some(0 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            _ => break,
        }
    }
    at
}

/// Counts units and starts over at restart markers.
struct Restarts {
    interval: usize,
    unit: usize,
}

impl Restarts {
    /// Whether a restart marker was here.
    #[inline]
    fn before_unit(&mut self, bits: &mut Bits<'_>) -> Result<bool, Unusual> {
        let here = self.interval > 0 && self.unit > 0 && self.unit.is_multiple_of(self.interval);
        if here {
            bits.restart(self.unit / self.interval - 1).ok_or(Unusual)?;
        }
        self.unit += 1;
        bits.reserve();
        Ok(here)
    }
}

/// A scan of the first coefficients, of one component or several.
fn means(
    bytes: &[u8],
    tables: &Tables<'_>,
    frame: &Frame,
    scan: &Scan,
    grids: &mut [Grid],
) -> Result<(), Unusual> {
    let mut bits = Bits::new(bytes, scan.data);
    let mut restarts = Restarts {
        interval: tables.restart_interval,
        unit: 0,
    };
    // A component alone has units of one block, and none beyond the image's edge.
    let alone = scan.parts.len() == 1;
    let (across, down) = if alone {
        frame.blocks(scan.parts[0].component)
    } else {
        frame.units()
    };
    let mut coders = Vec::with_capacity(scan.parts.len());
    for part in &scan.parts {
        let component = &frame.components[part.component];
        let (h, v) = if alone {
            (1, 1)
        } else {
            (component.h, component.v)
        };
        let table = if scan.high == 0 {
            Some(tables.dc[part.dc].clone().ok_or(Unusual)?)
        } else {
            None
        };
        grids[part.component].has_mean = true;
        coders.push((part.component, h, v, table, 0_i32));
    }
    for row in 0..down {
        for column in 0..across {
            if restarts.before_unit(&mut bits)? {
                for (.., predicted) in &mut coders {
                    *predicted = 0;
                }
            }
            let mut reader = bits.reader();
            for (component, h, v, table, predicted) in &mut coders {
                let grid = &mut grids[*component];
                for y in 0..*v {
                    for x in 0..*h {
                        let block = (row * *v + y) * grid.across + column * *h + x;
                        reader.refill();
                        let value = &mut grid.values[block * grid.kept];
                        if let Some(table) = table {
                            let size = u32::from(table.symbol(&mut reader)?);
                            if size > 15 {
                                return Err(Unusual);
                            }
                            *predicted = predicted.wrapping_add(reader.signed(size));
                            *value = (*predicted << scan.low) as i16;
                        } else if reader.flag() {
                            *value |= 1 << scan.low;
                        }
                    }
                }
            }
            let state = reader.state;
            bits.go_on(state);
        }
        if bits.overrun() {
            return Err(Unusual);
        }
    }
    Ok(())
}

/// A scan of further coefficients, of one component.
fn details(
    bytes: &[u8],
    tables: &Tables<'_>,
    frame: &Frame,
    scan: &Scan,
    part: Part,
    grid: &mut Grid,
) -> Result<(), Unusual> {
    let table = tables.ac[part.ac].clone().ok_or(Unusual)?;
    let mut bits = Bits::new(bytes, scan.data);
    let mut restarts = Restarts {
        interval: tables.restart_interval,
        unit: 0,
    };
    let (across, down) = frame.blocks(part.component);
    // Blocks that still have nothing new, this one included.
    let mut empty = 0_u32;
    for row in 0..down {
        for column in 0..across {
            if restarts.before_unit(&mut bits)? {
                empty = 0;
            }
            let mut reader = bits.reader();
            let block = row * grid.across + column;
            let values = &mut grid.values[block * grid.kept..][..grid.kept];
            let nonzero = &mut grid.nonzero[block];
            if scan.high == 0 {
                first_time(&mut reader, &table, scan, &mut empty, values, nonzero)?;
            } else {
                refine(&mut reader, &table, scan, &mut empty, values, nonzero)?;
            }
            let state = reader.state;
            bits.go_on(state);
        }
        if bits.overrun() {
            return Err(Unusual);
        }
    }
    Ok(())
}

/// T.81, section G.1.2.2.
#[inline]
fn first_time(
    bits: &mut Reader<'_>,
    table: &Table,
    scan: &Scan,
    empty: &mut u32,
    values: &mut [i16],
    nonzero: &mut u64,
) -> Result<(), Unusual> {
    if *empty > 0 {
        *empty -= 1;
        return Ok(());
    }
    let mut place = scan.first;
    while place <= scan.last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                *empty = blocks_without(bits, run as u32) - 1;
                break;
            }
            place += 16;
            continue;
        }
        place += run;
        if place > 63 {
            return Err(Unusual);
        }
        let value = bits.signed(size) << scan.low;
        if let Some(kept) = values.get_mut(place) {
            *kept = value as i16;
        }
        *nonzero |= 1 << place;
        place += 1;
    }
    Ok(())
}

/// How many blocks an end-of-band symbol is for (T.81, table G.1).
fn blocks_without(bits: &mut Reader<'_>, size: u32) -> u32 {
    if size == 0 {
        return 1;
    }
    let more = bits.peek(size) as u32;
    bits.take(size);
    (1 << size) + more
}

/// T.81, section G.1.2.3.
#[inline]
fn refine(
    bits: &mut Reader<'_>,
    table: &Table,
    scan: &Scan,
    empty: &mut u32,
    values: &mut [i16],
    nonzero: &mut u64,
) -> Result<(), Unusual> {
    let step = 1_i16 << scan.low;
    let mut place = scan.first;
    while *empty == 0 && place <= scan.last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (mut run, size) = (symbol >> 4, symbol & 15);
        let mut fresh = None;
        match size {
            0 if run < 15 => {
                *empty = blocks_without(bits, u32::from(run));
                break;
            }
            0 => {}
            1 => fresh = Some(if bits.flag() { step } else { -step }),
            _ => return Err(Unusual),
        }
        // Past what is known not to be zero, which is corrected, and as many zeros as the run says.
        while place <= scan.last {
            if *nonzero >> place & 1 == 1 {
                correct(bits, values, place, step);
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            place += 1;
        }
        if let Some(value) = fresh
            && place <= scan.last
        {
            if let Some(kept) = values.get_mut(place) {
                *kept = value;
            }
            *nonzero |= 1 << place;
        }
        place += 1;
    }
    if *empty > 0 {
        while place <= scan.last {
            if *nonzero >> place & 1 == 1 {
                correct(bits, values, place, step);
            }
            place += 1;
        }
        *empty -= 1;
    }
    Ok(())
}

fn correct(bits: &mut Reader<'_>, values: &mut [i16], place: usize, step: i16) {
    if bits.flag()
        && let Some(value) = values.get_mut(place)
        && *value & step == 0
    {
        *value = value.saturating_add(if *value < 0 { -step } else { step });
    }
}

/// One row of blocks reduced.
fn samples(grid: &Grid, row: usize, reduction: &Reduction, quant: &[f32; 64], rows: &mut [f32]) {
    let Reduction {
        basis_across,
        basis_down,
        across,
        ..
    } = reduction;
    let stride = grid.across * across;
    for column in 0..grid.across {
        let block = row * grid.across + column;
        let values = &grid.values[block * grid.kept..][..grid.kept];
        let coefficients = values
            .iter()
            .zip(quant)
            .map(|(value, quant)| f32::from(*value) * quant);
        let at = column * across;
        if grid.kept == 1 {
            rows[at] = mean(f32::from(values[0]) * quant[0]);
        } else if grid.kept == 64 {
            let mut fine = [0; 64];
            for (coefficient, place) in coefficients.zip(ZIGZAG) {
                fine[place] = coefficient as i32;
            }
            reduce_fine(&fine, basis_across, basis_down, rows, at, stride);
        } else {
            let mut lowest = [0.0; 17];
            for (coefficient, place) in coefficients.zip(LOWEST) {
                lowest[usize::from(place).min(16)] = coefficient;
            }
            reduce(&lowest, basis_across, basis_down, rows, at, stride);
        }
    }
}
