//! AC coefficients of a progressive frame (T.81, annex G).

use super::InvalidData;
use super::bits::Reader;
use super::frame::Scan;
use super::huffman::Table;

/// T.81, section G.1.2.2.
#[inline]
pub(super) fn first_pass(
    bits: &mut Reader<'_>,
    table: &Table,
    scan: &Scan,
    empty_blocks: &mut u32,
    values: &mut [i16],
    nonzero: &mut u64,
) -> Result<(), InvalidData> {
    if *empty_blocks > 0 {
        *empty_blocks -= 1;
        return Ok(());
    }
    let mut place = scan.first;
    while place <= scan.last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                *empty_blocks = blocks_without(bits, run as u32) - 1;
                break;
            }
            place += 16;
            continue;
        }
        place += run;
        if place > 63 {
            return Err(InvalidData);
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

/// The number of blocks in the run of an end-of-band symbol (T.81, table G.1).
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
pub(super) fn refine(
    bits: &mut Reader<'_>,
    table: &Table,
    scan: &Scan,
    empty_blocks: &mut u32,
    values: &mut [i16],
    nonzero: &mut u64,
) -> Result<(), InvalidData> {
    let step = 1_i16 << scan.low;
    let mut place = scan.first;
    while *empty_blocks == 0 && place <= scan.last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (mut run, size) = (symbol >> 4, symbol & 15);
        let mut fresh = None;
        match size {
            0 if run < 15 => {
                *empty_blocks = blocks_without(bits, u32::from(run));
                break;
            }
            0 => {}
            1 => fresh = Some(if bits.flag() { step } else { -step }),
            _ => return Err(InvalidData),
        }
        // Skips the zeros of the run; nonzero coefficients among them get their next bit.
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
    if *empty_blocks > 0 {
        while place <= scan.last {
            if *nonzero >> place & 1 == 1 {
                correct(bits, values, place, step);
            }
            place += 1;
        }
        *empty_blocks -= 1;
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
