; Later patterns win over earlier ones.

(identifier) @variable

(call function: (identifier) @function.call)
(pipe right: (identifier) @function.call)
(keyword name: (identifier) @variable.parameter)
(parameter name: (identifier) @variable.parameter)
(attribute name: (identifier) @property)
(branch join: (identifier) @function.call)
(adapt how: (identifier) @function.call)
(path) @property

(block name: (identifier) @type.definition)
(network name: (identifier) @type.definition)
(import_name (identifier) @type)
(let name: (identifier) @constant)
(let name: (identifier) @function parameters: (parameters))

(integer) @number
(real) @number.float
(size) @number
(boolean) @boolean
(string) @string
(docstring) @string.documentation
(comment) @comment

["network" "block" "let" "default" "shared"] @keyword
["use" "from" "as" "arch"] @keyword.import
["input" "output" "assert" "when" "training"] @keyword
["for" "repeat"] @keyword.repeat
["if" "elif" "else"] @keyword.conditional
["branch" "dense" "chain"] @keyword
["replace" "insert" "after" "before" "remove" "freeze" "adapt" "weights" "except"] @keyword
(skip_kind) @keyword
["and" "or" "not" "in"] @keyword.operator

["->" "=" "+" "-" "++" "*" "/" "//" "%" "**" "∘" "@" "<" "<=" ">" ">=" "==" "!="] @operator
["(" ")" "[" "]"] @punctuation.bracket
["," ":" "."] @punctuation.delimiter
