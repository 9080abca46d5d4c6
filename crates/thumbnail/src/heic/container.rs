//! The items of a file: what they are, where their bytes are, their properties and references.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::boxes::{Box, Boxes, Fields, TRUNCATED, full_box};
use crate::Error;
use crate::bytes::HeaderError;

/// Phones write some hundred items for an image of 48 megapixels.
const MAX_ITEMS: usize = 4096;
/// Pieces of all items.
const MAX_EXTENTS: usize = 16384;
const MAX_PROPERTIES: usize = 16384;
/// Associations of items with properties.
const MAX_ASSOCIATIONS: usize = 65536;
/// References from one item to another.
const MAX_REFERENCES: usize = 65536;

#[derive(Default)]
pub(super) struct Item {
    pub kind: [u8; 4],
    /// Indices into [`Container::properties`], in the order that they apply.
    pub properties: Vec<usize>,
    /// In the box `idat` rather than in the file.
    in_idat: bool,
    /// In another file, or made out of other items' bytes.
    elsewhere: bool,
    /// Position and length; a length of 0 means up to the end.
    extents: Vec<(u64, u64)>,
}

pub(super) struct Reference {
    pub kind: [u8; 4],
    pub from: u32,
    pub to: Vec<u32>,
}

pub(super) struct Container<'a> {
    file: &'a [u8],
    idat: &'a [u8],
    pub primary: u32,
    pub items: BTreeMap<u32, Item>,
    pub properties: Vec<Box<'a>>,
    pub references: Vec<Reference>,
}

impl<'a> Container<'a> {
    /// Reads the box `meta`; the rest of the file may be missing.
    pub fn read(file: &'a [u8]) -> Result<Self, HeaderError> {
        let meta = Boxes::new(file).find(*b"meta")?;
        let (_, _, Fields(meta)) = full_box(meta)?;
        let mut container = Self {
            file,
            idat: &[],
            primary: 0,
            items: BTreeMap::new(),
            properties: Vec::new(),
            references: Vec::new(),
        };
        let mut boxes = Boxes::new(meta);
        while let Some(Box { kind, body }) = boxes.next().map_err(invalid)? {
            match &kind {
                b"pitm" => {
                    let (version, _, mut fields) = full_box(body)?;
                    container.primary = item_id(&mut fields, version > 0)?;
                }
                b"iinf" => container.item_infos(body)?,
                b"iloc" => container.item_locations(body)?,
                b"iprp" => container.item_properties(body)?,
                b"iref" => container.item_references(body)?,
                b"idat" => container.idat = body,
                _ => {}
            }
        }
        Ok(container)
    }

    /// Bytes of the file.
    pub fn len(&self) -> usize {
        self.file.len()
    }

    pub fn item(&self, id: u32) -> Option<&Item> {
        self.items.get(&id)
    }

    pub fn properties_of(&self, id: u32) -> impl Iterator<Item = Box<'a>> {
        let item = self.items.get(&id);
        item.into_iter()
            .flat_map(|item| &item.properties)
            .filter_map(|index| self.properties.get(*index).copied())
    }

    /// The items that `from` refers to.
    pub fn referred(&self, kind: [u8; 4], from: u32) -> &[u32] {
        self.references
            .iter()
            .find(|reference| reference.kind == kind && reference.from == from)
            .map_or(&[], |reference| &reference.to)
    }

    /// The items that refer to `to`.
    pub fn referring(&self, kind: [u8; 4], to: u32) -> impl Iterator<Item = u32> {
        self.references
            .iter()
            .filter(move |reference| reference.kind == kind && reference.to.contains(&to))
            .map(|reference| reference.from)
    }

    /// The bytes of an item, joined from its pieces, which together are no longer than the file.
    pub fn data(&self, id: u32) -> Result<Cow<'a, [u8]>, Error> {
        let missing = || Error::corrupt("the bytes of an item are not in the file");
        let item = self.item(id).ok_or_else(missing)?;
        if item.elsewhere {
            return Err(super::unsupported(
                "an item's bytes are in another file or item",
            ));
        }
        let source = if item.in_idat { self.idat } else { self.file };
        let piece = |&(at, len): &(u64, u64)| -> Option<&'a [u8]> {
            let rest = source.get(usize::try_from(at).ok()?..)?;
            if len == 0 {
                Some(rest)
            } else {
                rest.get(..usize::try_from(len).ok()?)
            }
        };
        match item.extents.as_slice() {
            [] => Err(missing()),
            [extent] => piece(extent).map(Cow::Borrowed).ok_or_else(missing),
            extents => {
                let mut data = Vec::new();
                for extent in extents {
                    let piece = piece(extent).ok_or_else(missing)?;
                    if data.len() + piece.len() > source.len() {
                        return Err(Error::corrupt("the pieces of an item overlap"));
                    }
                    data.extend_from_slice(piece);
                }
                Ok(Cow::Owned(data))
            }
        }
    }

    fn entry(&mut self, id: u32) -> Result<&mut Item, HeaderError> {
        if self.items.len() >= MAX_ITEMS && !self.items.contains_key(&id) {
            return Err(HeaderError::Invalid("it has too many items"));
        }
        Ok(self.items.entry(id).or_default())
    }

    fn item_infos(&mut self, body: &[u8]) -> Result<(), HeaderError> {
        let (version, _, mut fields) = full_box(body)?;
        fields.number(if version == 0 { 2 } else { 4 })?;
        let mut boxes = Boxes::new(fields.0);
        while let Some(Box { kind, body }) = boxes.next().map_err(invalid)? {
            if kind != *b"infe" {
                continue;
            }
            let (version, _, mut fields) = full_box(body)?;
            if version < 2 {
                continue;
            }
            let id = item_id(&mut fields, version > 2)?;
            fields.u16()?;
            self.entry(id)?.kind = fields.kind()?;
        }
        Ok(())
    }

    fn item_locations(&mut self, body: &[u8]) -> Result<(), HeaderError> {
        let (version, _, mut fields) = full_box(body)?;
        let (sizes, more) = (fields.u8()?, fields.u8()?);
        let [offset_size, length_size, base_size, index_size] =
            [sizes >> 4, sizes & 15, more >> 4, more & 15].map(usize::from);
        let index_size = if version == 0 { 0 } else { index_size };
        if [offset_size, length_size, base_size, index_size]
            .iter()
            .any(|size| *size > 8)
        {
            return Err(HeaderError::Invalid(
                "a number of an item's place has too many bytes",
            ));
        }
        let count = fields.number(if version < 2 { 2 } else { 4 })?;
        let mut extents = 0;
        for _ in 0..count {
            let id = item_id(&mut fields, version > 1)?;
            let method = if version == 0 { 0 } else { fields.u16()? & 15 };
            let reference = fields.u16()?;
            let base = fields.number(base_size)?;
            let pieces = fields.u16()?;
            extents += usize::from(pieces);
            if extents > MAX_EXTENTS {
                return Err(HeaderError::Invalid("its items are in too many pieces"));
            }
            let mut read = Vec::with_capacity(usize::from(pieces));
            for _ in 0..pieces {
                fields.number(index_size)?;
                let at = base
                    .checked_add(fields.number(offset_size)?)
                    .ok_or(TRUNCATED)?;
                read.push((at, fields.number(length_size)?));
            }
            let item = self.entry(id)?;
            item.extents = read;
            item.in_idat = method == 1;
            item.elsewhere = method > 1 || reference != 0;
        }
        Ok(())
    }

    fn item_properties(&mut self, body: &'a [u8]) -> Result<(), HeaderError> {
        let mut boxes = Boxes::new(body);
        let mut associations = 0;
        while let Some(Box { kind, body }) = boxes.next().map_err(invalid)? {
            match &kind {
                b"ipco" => {
                    let mut properties = Boxes::new(body);
                    while let Some(property) = properties.next().map_err(invalid)? {
                        if self.properties.len() >= MAX_PROPERTIES {
                            return Err(HeaderError::Invalid("it has too many properties"));
                        }
                        self.properties.push(property);
                    }
                }
                b"ipma" => {
                    let (version, flags, mut fields) = full_box(body)?;
                    for _ in 0..fields.u32()? {
                        let id = item_id(&mut fields, version > 0)?;
                        let count = fields.u8()?;
                        associations += usize::from(count) + 1;
                        if associations > MAX_ASSOCIATIONS {
                            return Err(HeaderError::Invalid("its items have too many properties"));
                        }
                        for _ in 0..count {
                            // Counted from 1; the highest bit marks a property that must not be ignored.
                            let index = if flags & 1 == 1 {
                                fields.u16()? & 0x7fff
                            } else {
                                u16::from(fields.u8()? & 0x7f)
                            };
                            if let Some(index) = usize::from(index).checked_sub(1) {
                                self.entry(id)?.properties.push(index);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn item_references(&mut self, body: &[u8]) -> Result<(), HeaderError> {
        let (version, _, fields) = full_box(body)?;
        let mut boxes = Boxes::new(fields.0);
        let mut total = 0;
        while let Some(Box { kind, body }) = boxes.next().map_err(invalid)? {
            let mut fields = Fields(body);
            let from = item_id(&mut fields, version > 0)?;
            let count = fields.u16()?;
            total += usize::from(count) + 1;
            if total > MAX_REFERENCES {
                return Err(HeaderError::Invalid("its items have too many references"));
            }
            let to = (0..count)
                .map(|_| item_id(&mut fields, version > 0))
                .collect::<Result<_, _>>()?;
            self.references.push(Reference { kind, from, to });
        }
        Ok(())
    }
}

/// More bytes would not help where a box is complete: [`HeaderError::Incomplete`] becomes invalid.
fn invalid(error: HeaderError) -> HeaderError {
    match error {
        HeaderError::Incomplete => TRUNCATED,
        invalid @ HeaderError::Invalid(_) => invalid,
    }
}

fn item_id(fields: &mut Fields<'_>, wide: bool) -> Result<u32, HeaderError> {
    if wide {
        fields.u32()
    } else {
        fields.u16().map(u32::from)
    }
}
