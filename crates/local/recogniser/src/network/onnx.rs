//! Reads a network from an ONNX file.
//!
//! Clipping, biases and residual additions become part of the convolution before them. What follows the last convolution is
//! not read; the callers do it themselves.

use std::collections::HashMap;

use rten_gemm::GemmExecutor;
use rten_onnx::onnx::{DataType, GraphProto, ModelProto, NodeProto, TensorProto};
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::depthwise::Depthwise;
use super::separable::Separable;
use super::{Clip, Convolution, Layer, Network, Operation, Window};

/// The constants of a network by name.
pub(crate) type Constants = HashMap<String, Vec<f32>>;

type Reason = String;

/// A convolution whose bias may still change.
struct Draft {
    operation: DraftOperation,
    input: usize,
    residual: Option<usize>,
    clip: Option<Clip>,
}

enum DraftOperation {
    Convolution {
        window: Window,
        groups: usize,
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    GlobalAveragePool,
}

struct Reader {
    constants: Constants,
    /// By name: the activation, which is the draft's index and 1; the input is 0.
    values: HashMap<String, usize>,
    drafts: Vec<Draft>,
}

pub(super) fn read(
    name: &'static str,
    file: &[u8],
    outputs: &[&str],
) -> Result<(Network, Constants), Reason> {
    let graph = ModelProto::parse_buf(file)
        .map_err(|error| error.to_string())?
        .graph
        .ok_or("no graph")?;
    let mut reader = Reader::new(&graph)?;
    for node in &graph.node {
        reader
            .node(node)
            .map_err(|reason| format!("{}: {reason}", node.name.as_deref().unwrap_or("a node")))?;
    }
    let outputs = outputs
        .iter()
        .map(|&output| {
            let value = reader.values.get(output);
            value.copied().ok_or_else(|| format!("no value {output}"))
        })
        .collect::<Result<Vec<usize>, Reason>>()?;
    let activations = reader.drafts.len() + 1;
    let layers = layers(reader.drafts, &outputs)?;
    let mut last_uses = vec![0; activations];
    for (index, layer) in layers.iter().enumerate() {
        for used in [Some(layer.input), layer.residual].into_iter().flatten() {
            last_uses[used] = index;
        }
    }
    for &output in &outputs {
        last_uses[output] = usize::MAX;
    }
    let network = Network {
        name,
        layers,
        activations,
        last_uses,
        outputs,
    };
    Ok((network, reader.constants))
}

impl Reader {
    fn new(graph: &GraphProto) -> Result<Self, Reason> {
        let constants = graph
            .initializer
            .iter()
            .map(|tensor| Ok((tensor.name.clone().unwrap_or_default(), floats(tensor)?)))
            .collect::<Result<Constants, Reason>>()?;
        let input = graph.input.first().and_then(|input| input.name.clone());
        Ok(Self {
            constants,
            values: HashMap::from([(input.ok_or("no input")?, 0)]),
            drafts: Vec::new(),
        })
    }

    fn node(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let output = node.output.first().ok_or("no output")?.clone();
        let input = node.input.first().ok_or("no input")?;
        let value = self.values.get(input).copied();
        match (node.op_type.as_deref().unwrap_or_default(), value) {
            ("Cast", None) => {
                let constant = self.constants.remove(input).ok_or("no such constant")?;
                self.constants.insert(output, constant);
            }
            ("Conv" | "Gemm", Some(value)) => {
                let operation = self.convolution(node)?;
                self.push(output, operation, value);
            }
            ("GlobalAveragePool", Some(value)) => {
                self.push(output, DraftOperation::GlobalAveragePool, value);
            }
            // Either there is one pixel, or the callers take the values in the order in which they are.
            ("Reshape", Some(value)) => {
                self.values.insert(output, value);
            }
            ("Clip", Some(value)) => {
                let low = self.constant(node, 1)?[0];
                let high = self.constant(node, 2)?[0];
                self.producer(value)?.clip = Some((low, high));
                self.values.insert(output, value);
            }
            ("Add" | "Sum", Some(value)) => {
                let other = node.input.get(1).ok_or("no second input")?;
                match self.values.get(other).copied() {
                    Some(other) => self.producer(value)?.residual = Some(other),
                    None => self.add_bias(value, node)?,
                }
                self.values.insert(output, value);
            }
            // After the last convolution.
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, output: String, operation: DraftOperation, input: usize) {
        self.drafts.push(Draft {
            operation,
            input,
            residual: None,
            clip: None,
        });
        self.values.insert(output, self.drafts.len());
    }

    fn convolution(&mut self, node: &NodeProto) -> Result<DraftOperation, Reason> {
        let integers = |name: &str| {
            let attribute = node
                .attribute
                .iter()
                .find(|attribute| attribute.name.as_deref() == Some(name));
            attribute.map_or_else(Vec::new, |attribute| {
                let list = attribute.i.iter().chain(&attribute.ints);
                list.filter_map(|&value| usize::try_from(value).ok())
                    .collect()
            })
        };
        let at = |list: &[usize], index, default| list.get(index).copied().unwrap_or(default);
        let pads = integers("pads");
        let window = Window {
            edge: at(&integers("kernel_shape"), 0, 1),
            stride: at(&integers("strides"), 0, 1),
            top: at(&pads, 0, 0),
            left: at(&pads, 1, 0),
            bottom: at(&pads, 2, 0),
            right: at(&pads, 3, 0),
        };
        let weights = node
            .input
            .get(1)
            .and_then(|name| self.constants.remove(name));
        let weights = weights.ok_or("no weights, or weights that another convolution has taken")?;
        let groups = at(&integers("group"), 0, 1);
        let bias = match node.input.get(2) {
            Some(_) => self.constant(node, 2)?.clone(),
            None => Vec::new(),
        };
        Ok(DraftOperation::Convolution {
            window,
            groups,
            weights,
            bias,
        })
    }

    fn constant(&self, node: &NodeProto, input: usize) -> Result<&Vec<f32>, Reason> {
        let name = node.input.get(input).ok_or("an input is missing")?;
        let constant = self.constants.get(name);
        constant
            .filter(|values| !values.is_empty())
            .ok_or_else(|| format!("no constant {name}"))
    }

    fn producer(&mut self, value: usize) -> Result<&mut Draft, Reason> {
        let index = value.checked_sub(1).ok_or("the input itself")?;
        Ok(&mut self.drafts[index])
    }

    fn add_bias(&mut self, value: usize, node: &NodeProto) -> Result<(), Reason> {
        let addend = self.constant(node, 1)?.clone();
        match &mut self.producer(value)?.operation {
            DraftOperation::Convolution { bias, .. } if bias.is_empty() => *bias = addend,
            _ => return Err("an addition that is no bias".into()),
        }
        Ok(())
    }
}

/// The layers of drafts. A depthwise convolution becomes one layer with the pointwise one after it, and with a pointwise one
/// before it whose result no other layer needs.
fn layers(drafts: Vec<Draft>, outputs: &[usize]) -> Result<Vec<Layer>, Reason> {
    let mut uses = vec![0; drafts.len() + 1];
    for draft in &drafts {
        uses[draft.input] += 1;
        if let Some(residual) = draft.residual {
            uses[residual] += 1;
        }
    }
    for &output in outputs {
        uses[output] += 1;
    }
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let mut layers = Vec::new();
    for output in (1..uses.len()).rev() {
        let Some(last) = drafts[output - 1].take() else {
            continue;
        };
        let mut take = |value: usize, is_wanted: fn(&Draft) -> bool| {
            let draft = drafts.get_mut(value.checked_sub(1)?)?;
            draft.take_if(|draft| uses[value] == 1 && draft.residual.is_none() && is_wanted(draft))
        };
        let (mut input, residual) = (last.input, last.residual);
        let depthwise = if last.is_pointwise() {
            take(input, Draft::is_depthwise)
        } else {
            None
        };
        let operation = if let Some(depthwise) = depthwise {
            let expansion = take(depthwise.input, Draft::is_pointwise);
            input = expansion.as_ref().unwrap_or(&depthwise).input;
            Operation::Separable(Box::new(Separable {
                expansion: expansion.map(Draft::into_convolution).transpose()?,
                depthwise: depthwise.into_depthwise()?,
                projection: last.into_convolution()?,
            }))
        } else if matches!(last.operation, DraftOperation::GlobalAveragePool) {
            Operation::GlobalAveragePool
        } else {
            Operation::Convolution(last.into_convolution()?)
        };
        layers.push(Layer {
            operation,
            input,
            residual,
            output,
        });
    }
    layers.reverse();
    Ok(layers)
}

impl Draft {
    fn is_depthwise(&self) -> bool {
        matches!(self.operation, DraftOperation::Convolution { groups, .. } if groups != 1)
    }

    fn is_pointwise(&self) -> bool {
        match self.operation {
            DraftOperation::Convolution { window, groups, .. } => {
                groups == 1 && window.is_a_pixel()
            }
            DraftOperation::GlobalAveragePool => false,
        }
    }

    fn into_depthwise(self) -> Result<Depthwise, Reason> {
        let depthwise = match self.operation {
            DraftOperation::Convolution {
                window,
                groups,
                weights,
                bias,
            } if groups == bias.len() => Depthwise::new(window, &weights, bias, self.clip),
            _ => None,
        };
        depthwise.ok_or_else(|| "a depthwise convolution of another shape".into())
    }

    fn into_convolution(self) -> Result<Convolution, Reason> {
        match self.operation {
            DraftOperation::Convolution {
                window,
                groups: 1,
                weights,
                bias,
            } => Convolution::new(window, &weights, bias, self.clip),
            _ => Err("a depthwise convolution without a pointwise one after it".into()),
        }
    }
}

impl Convolution {
    /// `weights` have the shape `[outputs, inputs, edge, edge]`.
    fn new(
        window: Window,
        weights: &[f32],
        bias: Vec<f32>,
        clip: Option<Clip>,
    ) -> Result<Self, Reason> {
        let edge = window.edge;
        let outputs = bias.len();
        let inputs = weights
            .len()
            .checked_div(outputs * edge * edge)
            .ok_or("a convolution without a bias")?;
        if outputs * inputs * edge * edge != weights.len() {
            return Err("weights and bias do not fit each other".into());
        }
        let by_output = NdTensorView::from_data([outputs, inputs, edge, edge], weights);
        let by_place = by_output.permuted([2, 3, 1, 0]).to_contiguous();
        let matrix = by_place.reshaped([edge * edge * inputs, outputs]);
        Ok(Self {
            window,
            weights: GemmExecutor::new().prepack_b(matrix.view()),
            bias,
            clip,
        })
    }
}

fn floats(tensor: &TensorProto) -> Result<Vec<f32>, Reason> {
    let raw = tensor.raw_data.as_ref().map(std::cell::RefCell::borrow);
    let raw: &[u8] = raw.as_deref().map_or(&[], Vec::as_slice);
    match tensor.data_type {
        Some(DataType::FLOAT) => Ok(raw
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect()),
        Some(DataType::FLOAT16) => Ok(raw
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| from_half(u16::from_le_bytes(bytes)))
            .collect()),
        // Shapes and axes of operations after the last convolution.
        Some(DataType::INT64) => Ok(Vec::new()),
        other => Err(format!("a constant of type {other:?}")),
    }
}

/// IEEE 754 binary16, without infinities and NaN, which weights do not have:
///
/// ```text
///  15   14    10 9        0
/// +----+--------+----------+
/// |sign|exponent| fraction |
/// +----+--------+----------+
/// ```
fn from_half(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let magnitude = u32::from(half & 0x7fff) << 13;
    // The exponent has a bias of 15 there and of 127 here. Multiplying also makes denormals right.
    f32::from_bits(sign | (f32::from_bits(magnitude) * 2_f32.powi(112)).to_bits())
}

#[cfg(test)]
mod tests {
    use super::from_half;

    #[test]
    fn halves_are_what_the_standard_says() {
        for (half, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x3555, 0.333_251_95),
            (0x0400, 0.000_061_035_156),
            (0x0001, 5.960_464_5e-8),
        ] {
            assert_eq!(from_half(half).to_bits(), f32::to_bits(value), "{half:#x}");
        }
    }
}
