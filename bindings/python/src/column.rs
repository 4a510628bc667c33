//! One column of text.

use arrow_array::builder::{
    BinaryBuilder, GenericByteBuilder, LargeBinaryBuilder, LargeStringBuilder, StringBuilder, StringViewBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::ByteArrayType;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType};
use logveil::engine::{MAX_BLOCK, Worker};
use logveil::model::Block;
use std::sync::Arc;

/// True for the types that hold text.
pub fn is_text(t: &DataType) -> bool {
    matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Binary | DataType::LargeBinary)
}

/// The column with every value de-identified; missing values stay missing.
///
/// # Errors
/// Types that [`is_text`] refuses, and text that is UTF-8 no more (no engine output is).
pub fn clean(array: &ArrayRef, worker: &mut Worker<'_>) -> Result<ArrayRef, ArrowError> {
    let mut rows = Rows::new(worker);
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let a = array.as_string::<i32>();
            rows.run(a.iter().map(|v| v.map(str::as_bytes)), text(StringBuilder::with_capacity(a.len(), 0)))?
        }
        DataType::LargeUtf8 => {
            let a = array.as_string::<i64>();
            rows.run(a.iter().map(|v| v.map(str::as_bytes)), text(LargeStringBuilder::with_capacity(a.len(), 0)))?
        }
        DataType::Utf8View => {
            let a = array.as_string_view();
            rows.run(a.iter().map(|v| v.map(str::as_bytes)), View(StringViewBuilder::with_capacity(a.len())))?
        }
        DataType::Binary => {
            let a = array.as_binary::<i32>();
            rows.run(a.iter(), bytes(BinaryBuilder::with_capacity(a.len(), 0)))?
        }
        DataType::LargeBinary => {
            let a = array.as_binary::<i64>();
            rows.run(a.iter(), bytes(LargeBinaryBuilder::with_capacity(a.len(), 0)))?
        }
        other => return Err(ArrowError::CastError(format!("{other} is no text"))),
    })
}

/// Collects values.
trait Out {
    fn value(&mut self, v: Option<&[u8]>) -> Result<(), ArrowError>;
    fn finish(self) -> ArrayRef;
}

struct Text<T: ByteArrayType<Native = str>>(GenericByteBuilder<T>);
struct Bytes<T: ByteArrayType<Native = [u8]>>(GenericByteBuilder<T>);
struct View(StringViewBuilder);

fn text<T: ByteArrayType<Native = str>>(b: GenericByteBuilder<T>) -> Text<T> {
    Text(b)
}

fn bytes<T: ByteArrayType<Native = [u8]>>(b: GenericByteBuilder<T>) -> Bytes<T> {
    Bytes(b)
}

fn utf8(v: &[u8]) -> Result<&str, ArrowError> {
    std::str::from_utf8(v).map_err(|_| ArrowError::ComputeError("the output is no UTF-8".into()))
}

impl<T: ByteArrayType<Native = str>> Out for Text<T> {
    fn value(&mut self, v: Option<&[u8]>) -> Result<(), ArrowError> {
        self.0.append_option(v.map(utf8).transpose()?);
        Ok(())
    }
    fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

impl<T: ByteArrayType<Native = [u8]>> Out for Bytes<T> {
    fn value(&mut self, v: Option<&[u8]>) -> Result<(), ArrowError> {
        self.0.append_option(v);
        Ok(())
    }
    fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

impl Out for View {
    fn value(&mut self, v: Option<&[u8]>) -> Result<(), ArrowError> {
        self.0.append_option(v.map(utf8).transpose()?);
        Ok(())
    }
    fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// Values become records of blocks, as the engine is fastest on whole blocks.
struct Rows<'w, 'e> {
    worker: &'w mut Worker<'e>,
    block: Vec<u8>,
    /// Values in the block; `None` for a missing one.
    values: Vec<Option<()>>,
}

impl<'w, 'e> Rows<'w, 'e> {
    fn new(worker: &'w mut Worker<'e>) -> Self {
        Rows { worker, block: Vec::new(), values: Vec::new() }
    }

    fn run<'v>(
        &mut self,
        values: impl Iterator<Item = Option<&'v [u8]>>,
        mut out: impl Out,
    ) -> Result<ArrayRef, ArrowError> {
        for v in values {
            let alone = v.is_some_and(|v| memchr::memchr(b'\n', v).is_some() || v.len() > MAX_BLOCK);
            if alone || self.block.len() + v.map_or(0, <[u8]>::len) > MAX_BLOCK {
                self.flush(&mut out)?;
            }
            match v {
                // A value of several lines is several records; its line ends say nothing about rows.
                Some(v) if alone => out.value(Some(self.worker.rewrite(Block::records(v)).bytes()))?,
                Some(v) => {
                    self.block.extend_from_slice(v);
                    self.block.push(b'\n');
                    self.values.push(Some(()));
                }
                None => self.values.push(None),
            }
        }
        self.flush(&mut out)?;
        Ok(out.finish())
    }

    fn flush(&mut self, out: &mut impl Out) -> Result<(), ArrowError> {
        let clean = self.worker.rewrite(Block::records(&self.block));
        let mut rest = clean.bytes();
        for v in self.values.drain(..) {
            let value = match v {
                None => None,
                Some(()) => {
                    let end = memchr::memchr(b'\n', rest)
                        .ok_or_else(|| ArrowError::ComputeError("a record is missing".into()))?;
                    let value = &rest[..end];
                    rest = &rest[end + 1..];
                    Some(value)
                }
            };
            out.value(value)?;
        }
        self.block.clear();
        Ok(())
    }
}
