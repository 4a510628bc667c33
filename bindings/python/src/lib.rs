//! logveil for Python: columns of Arrow record batches, de-identified by the engine of the program.
//!
//! Columns come in through the Arrow C data interface and are read where they lie; only the columns that change are
//! written anew. The same policy and key give the same bytes as `logveil filter --tag none`.

mod column;

use arrow_array::RecordBatch;
use logveil::engine::{Engine, EngineConfig, HashKernel, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::rules::{Ruleset, policy_builtin};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use std::path::PathBuf;
use std::sync::Arc;

/// De-identifies columns of text under one policy and key.
///
/// `policy` is a file or the name of a built-in policy; `key_file` holds the key and must be readable by its owner only.
/// The key is read where the object is made: on Spark, make it inside the function of `mapInArrow`, so that no key travels
/// in the job.
#[pyclass(frozen)]
struct Deidentifier {
    engine: Engine,
}

#[pymethods]
impl Deidentifier {
    #[new]
    #[pyo3(signature = (policy = "jdcloud-2021", *, key_file, rules = Vec::new()))]
    fn new(policy: &str, key_file: PathBuf, rules: Vec<PathBuf>) -> PyResult<Self> {
        let key = MasterKey::from_file(&key_file).map_err(value)?;
        let text = match policy_builtin(policy) {
            Some(text) => text.to_owned(),
            None => std::fs::read_to_string(policy).map_err(|e| value(format!("{policy}: {e}")))?,
        };
        let more: PyResult<Vec<_>> = rules
            .iter()
            .map(|p| {
                let text = std::fs::read_to_string(p).map_err(|e| value(format!("{}: {e}", p.display())))?;
                Ok((p.display().to_string(), text))
            })
            .collect();
        let rules = Ruleset::with(&more?).map_err(mistakes)?;
        let policy = logveil::policy::compile(policy, &text, &rules).map_err(mistakes)?;
        let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
        let ingest = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs() as i64);
        let config = EngineConfig { rules, policy, key: key.into(), tag: TagMode::None, scan, hash, ingest };
        Ok(Deidentifier { engine: Engine::new(config).map_err(mistakes)? })
    }

    /// Public name of the key.
    #[getter]
    fn kid(&self) -> &str {
        self.engine.kid()
    }

    /// A record batch whose text columns are de-identified: those named, or all columns of text.
    #[pyo3(signature = (batch, columns = None))]
    fn batch<'py>(
        &self,
        py: Python<'py>,
        batch: PyRecordBatch,
        columns: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let batch = batch.into_inner();
        let clean = py.detach(|| self.clean(&batch, columns.as_deref()))?;
        PyRecordBatch::new(clean).into_pyarrow(py)
    }
}

impl Deidentifier {
    fn clean(&self, batch: &RecordBatch, columns: Option<&[String]>) -> PyResult<RecordBatch> {
        let schema = batch.schema();
        for name in columns.unwrap_or_default() {
            let field = schema.field_with_name(name).map_err(|_| value(format!("no column `{name}`")))?;
            if !column::is_text(field.data_type()) {
                return Err(PyTypeError::new_err(format!("column `{name}` is no text: {}", field.data_type())));
            }
        }
        let wanted = |name: &str| columns.is_none_or(|c| c.iter().any(|x| x == name));
        let mut worker = self.engine.worker();
        let arrays: PyResult<Vec<_>> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(array, field)| match wanted(field.name()) && column::is_text(field.data_type()) {
                true => column::clean(array, &mut worker).map_err(value),
                false => Ok(Arc::clone(array)),
            })
            .collect();
        RecordBatch::try_new(schema, arrays?).map_err(value)
    }
}

fn value(e: impl ToString) -> PyErr {
    PyValueError::new_err(e.to_string())
}

fn mistakes(errors: Vec<logveil::rules::RuleError>) -> PyErr {
    value(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[pymodule(name = "logveil")]
fn python_module(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_class::<Deidentifier>()
}
