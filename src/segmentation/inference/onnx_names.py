"""The order and the names in an ONNX network, which its converter takes from unordered sets and counters."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def put_in_order(network: "onnx.ModelProto") -> None:
    """Order and name nodes and constants of a network by its structure alone, in place.

    Equal networks then are equal files. Inputs and outputs of the network keep their names. A network with
    subgraphs stays as it is.
    """
    graph = network.graph
    if any(
        attribute.HasField("g") or attribute.graphs for node in graph.node for attribute in node.attribute
    ):
        return
    nodes = _from_outputs(graph)
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}
    constants = {constant.name: constant for constant in graph.initializer}
    used = dict.fromkeys(name for node in nodes for name in node.input if name in constants)
    names |= {name: f"constant_{number}" for number, name in enumerate(used)}
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}_{number}"
        node.doc_string = ""
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}")
    for node in nodes:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        del node.attribute[:]
        node.attribute.extend(attributes)
    kept = [constants[name] for name in used]
    for constant, name in zip(kept, used, strict=True):
        constant.name = names[name]
    del (
        graph.node[:],
        graph.initializer[:],
        graph.value_info[:],
    )  # the last are shapes that follow from the rest
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    domains = sorted(network.opset_import, key=lambda opset: opset.domain)
    del network.opset_import[:]
    network.opset_import.extend(domains)


def _from_outputs(graph: "onnx.GraphProto") -> list["onnx.NodeProto"]:
    """Return the nodes that the outputs need, each after those that it needs itself."""
    made_by = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
    ordered: dict[int, None] = {}
    waiting = [(made_by[output.name], False) for output in reversed(graph.output)]
    while waiting:
        place, inputs_done = waiting.pop()
        if inputs_done:
            ordered[place] = None
        elif place not in ordered:
            waiting.append((place, True))
            needed = [made_by[name] for name in graph.node[place].input if name in made_by]
            waiting += [(other, False) for other in reversed(needed)]
    return [graph.node[place] for place in ordered]
