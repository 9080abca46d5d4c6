//! Frames with several scans: the coefficients of all blocks are stored until the last scan.
//!
//! Stored are the coefficients that the sizes wanted depend on. Where one sample a block is enough, these are the DC
//! coefficients, whose scans are a few percent of a progressive file. A scan that refines depends on which coefficients
//! are not zero so far, so for other components this is stored for all 64.

use std::rc::Rc;

use super::InvalidData;
use super::bits::{Bits, Reader, Restarts};
use super::frame::{Frame, Process, Scan};
use super::huffman::{AcTable, Table};
use super::parser::Parser;
use super::progressive::{first_pass, refine};
use super::scale::ComponentScale;
use super::scaled_idct::{LOWEST, ZIGZAG, mean, reduce, reduce_fine, to_levels};
use crate::{Error, Limits};

/// The blocks of one component.
struct Grid {
    /// Blocks across, in whole minimum coded units.
    across: usize,
    /// Coefficients stored of each block.
    kept: usize,
    values: Vec<i16>,
    /// Bit n of a block is set if its coefficient n is not zero; empty unless AC scans of a progressive frame are read.
    nonzero: Vec<u64>,
    /// The table in effect at the first scan of the component.
    quant: Option<Rc<[f32; 64]>>,
}

/// Reads all scans and calls `emit` with component and samples of each row.
pub(super) fn read(
    bytes: &[u8],
    parser: &mut Parser<'_>,
    frame: &Frame,
    first: Scan,
    scales: &[ComponentScale],
    limits: &Limits,
    emit: impl FnMut(usize, &[f32]),
) -> Result<(), Error> {
    let mut grids = grids(frame, scales, limits)?;
    let mut next = Some(first);
    while let Some(scan) = next {
        if scan.first == 0 {
            for part in &scan.components {
                let quant = parser.quant(frame, part.component)?;
                grids[part.component].quant.get_or_insert(quant);
            }
        }
        read_scan(bytes, parser, frame, &scan, &mut grids)?;
        // Nothing is needed after the last component of a sequential frame.
        if frame.process == Process::Sequential && grids.iter().all(|grid| grid.quant.is_some()) {
            break;
        }
        next = parser.next_scan()?;
    }
    emit_rows(frame, &grids, scales, emit)
}

fn grids(frame: &Frame, scales: &[ComponentScale], limits: &Limits) -> Result<Vec<Grid>, Error> {
    let (across, down) = frame.units();
    let mut memory = 0;
    for (component, scale) in frame.components.iter().zip(scales) {
        let blocks = (across * component.h * down * component.v) as u64;
        memory += blocks * (2 * (scale.last as u64 + 1) + 8);
    }
    limits.check_memory(memory)?;
    let grid = |(component, scale): (&super::frame::Component, &ComponentScale)| {
        let blocks = across * component.h * down * component.v;
        let has_nonzero = frame.process == Process::Progressive && scale.last > 0;
        Grid {
            across: across * component.h,
            kept: scale.last + 1,
            values: vec![0; blocks * (scale.last + 1)],
            nonzero: vec![0; if has_nonzero { blocks } else { 0 }],
            quant: None,
        }
    };
    Ok(frame.components.iter().zip(scales).map(grid).collect())
}

fn read_scan(
    bytes: &[u8],
    parser: &Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    grids: &mut [Grid],
) -> Result<(), Error> {
    match (
        frame.process,
        scan.first,
        scan.last,
        scan.components.as_slice(),
    ) {
        (Process::Sequential, ..) => {
            let mut tables = Vec::with_capacity(scan.components.len());
            for part in &scan.components {
                let ac = parser.ac_table(part.ac)?;
                tables.push((parser.dc_table(part.dc)?, AcTable::new(Table::clone(&*ac))));
            }
            let coder = Whole {
                predicted: vec![0; tables.len()],
                tables,
            };
            each_block(bytes, parser, frame, scan, grids, coder)
        }
        (Process::Progressive, 0, 0, _) => {
            let mut tables = Vec::with_capacity(scan.components.len());
            for part in &scan.components {
                if scan.high == 0 {
                    tables.push(parser.dc_table(part.dc)?);
                }
            }
            let coder = Dc {
                predicted: vec![0; scan.components.len()],
                tables,
                low: scan.low,
            };
            each_block(bytes, parser, frame, scan, grids, coder)
        }
        (Process::Progressive, 1.., _, [part]) => {
            if grids[part.component].kept == 1 {
                return Ok(());
            }
            let coder = Ac {
                table: parser.ac_table(part.ac)?,
                scan,
                empty_blocks: 0,
            };
            each_block(bytes, parser, frame, scan, grids, coder)
        }
        _ => Err(Error::corrupt("a scan header is invalid")),
    }
}

/// Decodes the part of a block that one scan holds.
trait BlockCoder {
    /// Resets the predictions from block to block.
    fn restart(&mut self);

    /// The block at `index` of the scan's component `part`.
    fn block(
        &mut self,
        bits: &mut Reader<'_>,
        part: usize,
        grid: &mut Grid,
        index: usize,
    ) -> Result<(), InvalidData>;
}

/// Calls `coder` with each block of the scan.
fn each_block(
    bytes: &[u8],
    parser: &Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    grids: &mut [Grid],
    mut coder: impl BlockCoder,
) -> Result<(), Error> {
    let mut bits = Bits::new(bytes, scan.data);
    let mut restarts = Restarts::new(parser.restart_interval);
    // A scan of one component has units of one block, and none beyond the image's edge.
    let alone = scan.components.len() == 1;
    let (across, down) = if alone {
        frame.blocks(scan.components[0].component)
    } else {
        frame.units()
    };
    for row in 0..down {
        for column in 0..across {
            if restarts.before_unit(&mut bits)? {
                coder.restart();
            }
            let mut reader = bits.reader();
            for (part, scan_component) in scan.components.iter().enumerate() {
                let component = &frame.components[scan_component.component];
                let grid = &mut grids[scan_component.component];
                let (h, v) = if alone {
                    (1, 1)
                } else {
                    (component.h, component.v)
                };
                for y in 0..v {
                    for x in 0..h {
                        let index = (row * v + y) * grid.across + column * h + x;
                        coder.block(&mut reader, part, grid, index)?;
                    }
                }
            }
            let state = reader.state;
            bits.go_on(state);
        }
        if bits.overrun() {
            return Err(InvalidData.into());
        }
    }
    Ok(())
}

/// All coefficients of a sequential scan.
struct Whole {
    tables: Vec<(Rc<Table>, AcTable)>,
    predicted: Vec<i32>,
}

impl BlockCoder for Whole {
    fn restart(&mut self) {
        self.predicted.fill(0);
    }

    #[inline]
    fn block(
        &mut self,
        bits: &mut Reader<'_>,
        part: usize,
        grid: &mut Grid,
        index: usize,
    ) -> Result<(), InvalidData> {
        let (dc, ac) = &self.tables[part];
        let values = &mut grid.values[index * grid.kept..][..grid.kept];
        values[0] = next_dc(bits, dc, &mut self.predicted[part])? as i16;
        ac.block(bits, grid.kept - 1, |place, value| {
            if let Some(kept) = values.get_mut(place) {
                *kept = value as i16;
            }
        })
    }
}

/// The DC coefficients of a progressive scan: their upper bits, or one more bit of each.
struct Dc {
    /// Empty for a scan that adds one bit.
    tables: Vec<Rc<Table>>,
    predicted: Vec<i32>,
    low: u32,
}

impl BlockCoder for Dc {
    fn restart(&mut self) {
        self.predicted.fill(0);
    }

    #[inline]
    fn block(
        &mut self,
        bits: &mut Reader<'_>,
        part: usize,
        grid: &mut Grid,
        index: usize,
    ) -> Result<(), InvalidData> {
        let value = &mut grid.values[index * grid.kept];
        if let Some(table) = self.tables.get(part) {
            *value = (next_dc(bits, table, &mut self.predicted[part])? << self.low) as i16;
        } else if bits.flag() {
            *value |= 1 << self.low;
        }
        Ok(())
    }
}

fn next_dc(bits: &mut Reader<'_>, table: &Table, predicted: &mut i32) -> Result<i32, InvalidData> {
    bits.refill();
    let size = u32::from(table.symbol(bits)?);
    if size > 15 {
        return Err(InvalidData);
    }
    *predicted = predicted.wrapping_add(bits.signed(size));
    Ok(*predicted)
}

/// AC coefficients of a progressive scan.
struct Ac<'s> {
    table: Rc<Table>,
    scan: &'s Scan,
    /// The number of following blocks without new coefficients.
    empty_blocks: u32,
}

impl BlockCoder for Ac<'_> {
    fn restart(&mut self) {
        self.empty_blocks = 0;
    }

    #[inline]
    fn block(
        &mut self,
        bits: &mut Reader<'_>,
        _: usize,
        grid: &mut Grid,
        index: usize,
    ) -> Result<(), InvalidData> {
        let values = &mut grid.values[index * grid.kept..][..grid.kept];
        let nonzero = &mut grid.nonzero[index];
        let pass = if self.scan.high == 0 {
            first_pass
        } else {
            refine
        };
        pass(
            bits,
            &self.table,
            self.scan,
            &mut self.empty_blocks,
            values,
            nonzero,
        )
    }
}

/// Scales all blocks down and calls `emit` with component and samples of each row.
fn emit_rows(
    frame: &Frame,
    grids: &[Grid],
    scales: &[ComponentScale],
    mut emit: impl FnMut(usize, &[f32]),
) -> Result<(), Error> {
    let missing = || Error::corrupt("a component has no scan");
    let mut quants = Vec::with_capacity(grids.len());
    for grid in grids {
        quants.push(grid.quant.clone().ok_or_else(missing)?);
    }
    let mut emitted = vec![0; grids.len()];
    for unit_row in 0..frame.units().1 {
        for (index, (grid, scale)) in grids.iter().zip(scales).enumerate() {
            let stride = grid.across * scale.across;
            let mut rows = vec![0.0; stride * scale.down];
            let v = frame.components[index].v;
            for row in unit_row * v..(unit_row + 1) * v {
                samples(grid, row, scale, &quants[index], &mut rows);
                for row in rows.chunks_exact_mut(stride) {
                    if emitted[index] < scale.rows {
                        let row = &mut row[..scale.columns];
                        to_levels(row);
                        emit(index, row);
                        emitted[index] += 1;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Scales down one row of blocks.
fn samples(grid: &Grid, row: usize, scale: &ComponentScale, quant: &[f32; 64], rows: &mut [f32]) {
    let ComponentScale {
        basis_across,
        basis_down,
        across,
        ..
    } = scale;
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
