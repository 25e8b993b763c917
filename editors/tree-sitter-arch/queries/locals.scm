[(source_file) (block) (network) (for) (comprehension)] @local.scope
(let parameters: (parameters)) @local.scope

(block name: (identifier) @local.definition.type)
(network name: (identifier) @local.definition.type)
(import_name alias: (identifier) @local.definition.import)
(import_name name: (identifier) @local.definition.import)
(let name: (identifier) @local.definition.constant)
(shared name: (identifier) @local.definition.var)
(output name: (identifier) @local.definition.var)
(parameter name: (identifier) @local.definition.parameter)
(targets (identifier) @local.definition.var)
(identifier) @local.reference
