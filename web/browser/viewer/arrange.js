// Puts children in order, touching only those that are out of place: the others keep focus and state.

/** Make `nodes` the children of `list`. */
export function arrange(list, nodes) {
  for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, n) => list.children[n] === node || list.insertBefore(node, list.children[n] ?? null));
}
