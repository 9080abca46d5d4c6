//! A sequential image: one scan of all components, reduced block by block, given row by row.

use std::rc::Rc;

use super::Unusual;
use super::bits::{Bits, Reader};
use super::frame::{Frame, Scan, Tables};
use super::huffman::{AcTable, Table};
use super::scale::Reduction;
use super::scaled_idct::{LOWEST, ZIGZAG, mean, reduce, reduce_fine, to_levels};

struct Channel<'r> {
    reduction: &'r Reduction,
    dc: Rc<Table>,
    ac: Rc<AcTable>,
    quant: Rc<[f32; 64]>,
    h: usize,
    v: usize,
    predicted: i32,
    /// One row of units: rows of samples, and how long they are.
    rows: Vec<f32>,
    stride: usize,
    given: usize,
}

/// Reads the scan and calls `give` with component and samples of each row.
pub(super) fn read(
    bytes: &[u8],
    tables: &Tables<'_>,
    frame: &Frame,
    scan: &Scan,
    reductions: &[Reduction],
    mut give: impl FnMut(usize, &[f32]),
) -> Result<(), Unusual> {
    if scan.parts.len() != frame.components.len()
        || (scan.first, scan.last, scan.high, scan.low) != (0, 63, 0, 0)
    {
        return Err(Unusual);
    }
    let (across, down) = frame.units();
    let mut spread: [Option<Rc<AcTable>>; 4] = Default::default();
    let mut channels = Vec::with_capacity(scan.parts.len());
    for part in &scan.parts {
        let component = &frame.components[part.component];
        let ac = match &spread[part.ac] {
            Some(ac) => ac.clone(),
            None => spread[part.ac]
                .insert(Rc::new(AcTable::new(
                    tables.ac[part.ac].as_deref().ok_or(Unusual)?.clone(),
                )))
                .clone(),
        };
        let reduction = &reductions[part.component];
        let stride = across * component.h * reduction.across;
        channels.push(Channel {
            reduction,
            dc: tables.dc[part.dc].clone().ok_or(Unusual)?,
            ac,
            quant: tables.quant(component)?,
            h: component.h,
            v: component.v,
            predicted: 0,
            rows: vec![0.0; stride * component.v * reduction.down],
            stride,
            given: 0,
        });
    }
    let mut bits = Bits::new(bytes, scan.data);
    let mut unit = 0;
    for _ in 0..down {
        for column in 0..across {
            if tables.restart_interval > 0 && unit > 0 && unit % tables.restart_interval == 0 {
                bits.restart(unit / tables.restart_interval - 1)
                    .ok_or(Unusual)?;
                for channel in &mut channels {
                    channel.predicted = 0;
                }
            }
            bits.reserve();
            let mut reader = bits.reader();
            reader.refill();
            for channel in &mut channels {
                channel.unit(&mut reader, column)?;
            }
            let state = reader.state;
            bits.go_on(state);
            unit += 1;
        }
        if bits.overrun() {
            return Err(Unusual);
        }
        for (component, channel) in channels.iter_mut().enumerate() {
            for row in channel.rows.chunks_exact_mut(channel.stride) {
                if channel.given < channel.reduction.rows {
                    let row = &mut row[..channel.reduction.columns];
                    to_levels(row);
                    give(component, row);
                    channel.given += 1;
                }
            }
        }
    }
    Ok(())
}

impl Channel<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Reader<'_>, column: usize) -> Result<(), Unusual> {
        let Reduction {
            across, down, last, ..
        } = *self.reduction;
        for y in 0..self.v {
            for x in 0..self.h {
                let at = y * down * self.stride + (column * self.h + x) * across;
                let found = self.dc.look(bits);
                bits.refill();
                let size = u32::from(self.dc.taken(found, bits)?);
                if size > 15 {
                    return Err(Unusual);
                }
                self.predicted = self.predicted.wrapping_add(bits.signed(size));
                let first = self.predicted as f32 * self.quant[0];
                if last == 0 {
                    self.ac.block(bits, 0, |_, _| {})?;
                    self.rows[at] = mean(first);
                } else if last == 63 {
                    let mut block = [0_i32; 64];
                    block[0] = first as i32;
                    let quant = &*self.quant;
                    self.ac.block(bits, last, |place, value| {
                        block[ZIGZAG[place & 63] & 63] = (value as f32 * quant[place & 63]) as i32;
                    })?;
                    let Reduction {
                        basis_across,
                        basis_down,
                        ..
                    } = self.reduction;
                    reduce_fine(
                        &block,
                        basis_across,
                        basis_down,
                        &mut self.rows,
                        at,
                        self.stride,
                    );
                } else {
                    let mut lowest = [0.0; 17];
                    lowest[0] = first;
                    let quant = &*self.quant;
                    self.ac.block(bits, last, |place, value| {
                        lowest[usize::from(LOWEST[place & 63]).min(16)] =
                            value as f32 * quant[place & 63];
                    })?;
                    reduce(
                        &lowest,
                        &self.reduction.basis_across,
                        &self.reduction.basis_down,
                        &mut self.rows,
                        at,
                        self.stride,
                    );
                }
            }
        }
        Ok(())
    }
}
