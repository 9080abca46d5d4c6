//! A sequential frame with one scan of all components: blocks are scaled down as they are read, and never stored.

use std::rc::Rc;

use super::InvalidData;
use super::bits::{Bits, Reader, Restarts};
use super::frame::{Frame, Scan};
use super::huffman::{AcTable, Table};
use super::parser::Parser;
use super::scale::ComponentScale;
use super::scaled_idct::{LOWEST, ZIGZAG, mean, reduce, reduce_fine, to_levels};
use crate::Error;

struct Channel<'s> {
    scale: &'s ComponentScale,
    dc: Rc<Table>,
    ac: Rc<AcTable>,
    quant: Rc<[f32; 64]>,
    h: usize,
    v: usize,
    /// The DC coefficient of the block before.
    predicted: i32,
    /// The rows of samples of one row of units, `stride` samples each.
    rows: Vec<f32>,
    stride: usize,
    emitted: usize,
}

/// Reads the scan and calls `emit` with component and samples of each row.
pub(super) fn read(
    bytes: &[u8],
    parser: &Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    scales: &[ComponentScale],
    mut emit: impl FnMut(usize, &[f32]),
) -> Result<(), Error> {
    let (across, down) = frame.units();
    let mut channels: Vec<Channel<'_>> = Vec::with_capacity(scan.components.len());
    for part in &scan.components {
        let component = &frame.components[part.component];
        let scale = &scales[part.component];
        let stride = across * component.h * scale.across;
        let mut earlier = channels.iter().zip(&scan.components);
        let ac = match earlier.find(|(_, earlier)| earlier.ac == part.ac) {
            Some((channel, _)) => channel.ac.clone(),
            None => Rc::new(AcTable::new(Table::clone(&*parser.ac_table(part.ac)?))),
        };
        channels.push(Channel {
            scale,
            dc: parser.dc_table(part.dc)?,
            ac,
            quant: parser.quant(frame, part.component)?,
            h: component.h,
            v: component.v,
            predicted: 0,
            rows: vec![0.0; stride * component.v * scale.down],
            stride,
            emitted: 0,
        });
    }
    let mut bits = Bits::new(bytes, scan.data);
    let mut restarts = Restarts::new(parser.restart_interval);
    for _ in 0..down {
        for column in 0..across {
            if restarts.before_unit(&mut bits)? {
                for channel in &mut channels {
                    channel.predicted = 0;
                }
            }
            let mut reader = bits.reader();
            reader.refill();
            for channel in &mut channels {
                channel.unit(&mut reader, column)?;
            }
            let state = reader.state;
            bits.go_on(state);
        }
        if bits.overrun() {
            return Err(InvalidData.into());
        }
        for (component, channel) in channels.iter_mut().enumerate() {
            for row in channel.rows.chunks_exact_mut(channel.stride) {
                if channel.emitted < channel.scale.rows {
                    let row = &mut row[..channel.scale.columns];
                    to_levels(row);
                    emit(component, row);
                    channel.emitted += 1;
                }
            }
        }
    }
    Ok(())
}

impl Channel<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Reader<'_>, column: usize) -> Result<(), InvalidData> {
        let ComponentScale {
            across, down, last, ..
        } = *self.scale;
        for y in 0..self.v {
            for x in 0..self.h {
                let at = y * down * self.stride + (column * self.h + x) * across;
                let found = self.dc.look(bits);
                bits.refill();
                let size = u32::from(self.dc.taken(found, bits)?);
                if size > 15 {
                    return Err(InvalidData);
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
                    let ComponentScale {
                        basis_across,
                        basis_down,
                        ..
                    } = self.scale;
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
                        &self.scale.basis_across,
                        &self.scale.basis_down,
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
