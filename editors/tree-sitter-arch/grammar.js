// The grammar of .arch files for editors: rule by rule that of archlang/syntax/arch.lark.
// Line ends, indentation, brackets, comments and the words that need a look ahead are the scanner's.

const commaed = (rule) => seq(rule, repeat(seq(",", rule)));
const listed = (rule) => seq(commaed(rule), optional(","));

module.exports = grammar({
  name: "arch",
  word: ($) => $.identifier,
  externals: ($) => [
    $._newline, $._indent, $._dedent, $._blank, $.comment,
    "(", ")", "[", "]",
    $._adapt, $._weights, $.skip_kind,
    $._body, $._never,
  ],
  extras: ($) => [/[ \t\f]/, /\\[ \t]*\r?\n/, $.comment, $._blank],

  rules: {
    source_file: ($) => repeat(choice(
      $.version, $.use, seq(choice($.let, $.default), $._newline), $.block, $.network,
    )),

    version: ($) => seq("arch", $.integer, $._newline),
    use: ($) => seq("use", commaed($.import_name), "from", field("file", $.string), $._newline),
    import_name: ($) => seq(
      field("name", $.identifier), optional(seq("as", field("alias", $.identifier))),
    ),
    let: ($) => seq(
      "let", field("name", $.identifier), optional(field("parameters", $.parameters)),
      "=", field("value", $._expression),
    ),
    default: ($) => seq("default", field("value", $._expression)),

    block: ($) => seq(
      "block", field("name", $.identifier), optional(field("parameters", $.parameters)),
      ":", field("body", $.suite),
    ),
    network: ($) => seq(
      "network", field("name", $.identifier), optional(field("parameters", $.parameters)),
      choice(
        seq(":", field("body", $.suite)),
        seq(
          choice(seq("=", field("alias", $._expression)), seq("from", field("base", $._expression))),
          choice($._newline, seq(":", field("body", $.suite))),
        ),
      ),
    ),
    parameters: ($) => seq("(", optional(listed($.parameter)), ")"),
    parameter: ($) => seq(
      field("name", $.identifier), optional(seq("=", field("default", $._expression))),
    ),

    suite: ($) => choice(
      seq($._simple, $._newline),
      seq($._body, $._indent, repeat1($._statement), $._dedent),
    ),
    _statement: ($) => choice(
      seq($._simple, $._newline), seq($.docstring, $._newline),
      $.for, $.if, $._nested, $.replace, $.insert,
    ),
    _simple: ($) => choice(
      $.input, $.let, $.default, $.assert, $.output, $.shared, $.step, $.binding, $.remove,
      $.freeze, $.adapt, $.weights, $.remove_skips, $.replace_skips,
    ),

    input: ($) => seq("input", $._expressions, optional($._shape)),
    step: ($) => seq($._expressions, optional($._shape)),
    binding: ($) => seq($._targets, "=", field("value", $._expression), optional($._shape)),
    _targets: ($) => $._expressions,
    _expressions: ($) => commaed($._expression),
    _shape: ($) => seq(":", field("shape", $._expression)),

    output: ($) => choice(
      seq("output", field("value", $._expression)),
      seq($._output_head, field("value", $._expression), optional(seq("when", "training"))),
    ),
    _output_head: ($) => seq("output", field("name", $._expression), "="),
    assert: ($) => seq(
      "assert", field("condition", $._expression), optional(seq(",", field("message", $.string))),
    ),
    shared: ($) => seq("shared", field("name", $.identifier), "=", field("value", $._expression)),

    _nested: ($) => choice(
      alias($.nested_step, $.step), alias($.nested_binding, $.binding),
      alias($.nested_output, $.output),
    ),
    nested_step: ($) => $._flow,
    nested_binding: ($) => seq($._targets, "=", field("value", $._flow)),
    nested_output: ($) => seq($._output_head, field("value", $._flow)),
    _flow: ($) => choice($._run, alias($.flow_into, $.pipe)),
    flow_into: ($) => seq(field("left", $._expression), "->", field("right", $._run)),
    _run: ($) => choice($.branch, $.dense, $.repeat, $.chain),
    branch: ($) => seq(
      "branch", optional(field("join", $.identifier)), ":", field("body", $.suite),
    ),
    dense: ($) => seq("dense", field("count", $._expression), ":", field("body", $.suite)),
    repeat: ($) => seq("repeat", field("count", $._expression), ":", field("body", $.suite)),
    chain: ($) => seq("chain", ":", field("body", $.suite)),

    for: ($) => seq(
      "for", field("targets", $.targets), "in", field("over", $._expression),
      ":", field("body", $.suite),
    ),
    targets: ($) => commaed($._target),
    _target: ($) => choice($.identifier, seq("(", $.targets, ")")),
    if: ($) => seq(
      "if", field("condition", $._expression), ":", field("body", $.suite),
      repeat($.elif), optional($.else),
    ),
    elif: ($) => seq("elif", field("condition", $._expression), ":", field("body", $.suite)),
    else: ($) => seq("else", ":", field("body", $.suite)),

    replace: ($) => seq("replace", $.path, ":", field("body", $.suite)),
    insert: ($) => seq("insert", choice("after", "before"), $.path, ":", field("body", $.suite)),
    remove: ($) => seq("remove", commaed($.path)),
    remove_skips: ($) => seq("remove", $.skips),
    replace_skips: ($) => seq("replace", $.skips, ":", field("value", $._expression)),
    skips: ($) => seq($.skip_kind, optional(seq("except", commaed($.path)))),
    freeze: ($) => seq("freeze", commaed($.path)),
    adapt: ($) => seq(
      alias($._adapt, "adapt"), commaed($.path), ":", field("how", $.identifier),
    ),
    weights: ($) => seq(
      alias($._weights, "weights"), optional(field("kind", $.identifier)),
      field("source", $.string),
    ),

    // One hidden rule for each level of precedence, as in the Lark grammar.
    _expression: ($) => choice($._ternary, $.pipe),
    pipe: ($) => seq(field("left", $._expression), "->", field("right", $._ternary)),
    _ternary: ($) => choice($._or, $.conditional),
    conditional: ($) => seq(
      field("then", $._or), "if", field("condition", $._or), "else", field("otherwise", $._ternary),
    ),
    _or: ($) => choice($._and, alias($.either, $.logic)),
    either: ($) => seq($._or, "or", $._and),
    _and: ($) => choice($._not, alias($.both, $.logic)),
    both: ($) => seq($._and, "and", $._not),
    _not: ($) => choice($._comparison, alias($.negation, $.unary)),
    negation: ($) => seq("not", $._not),
    _comparison: ($) => choice($._sum, $.compare),
    compare: ($) => seq($._sum, repeat1(seq($._comparator, $._sum))),
    _comparator: ($) => choice("<", "<=", ">", ">=", "==", "!=", "in", seq("not", "in")),
    _sum: ($) => choice($._product, alias($.sum, $.binary)),
    sum: ($) => seq($._sum, choice("+", "-", "++"), $._product),
    _product: ($) => choice($._signed, alias($.product, $.binary)),
    product: ($) => seq($._product, choice("*", "/", "//", "%"), $._signed),
    _signed: ($) => choice($._power, alias($.signed, $.unary)),
    signed: ($) => seq(choice("-", "+"), $._signed),
    _power: ($) => choice($._matched, alias($.power, $.binary)),
    power: ($) => seq($._matched, "**", $._signed),
    _matched: ($) => choice($._postfix, $.matched),
    matched: ($) => seq($._postfix, choice("∘", "@"), $._matched),
    _postfix: ($) => choice($._atom, $.attribute, $.call, $.index),
    attribute: ($) => seq($._postfix, ".", field("name", $.identifier)),
    call: ($) => seq(field("function", $._postfix), field("arguments", $.arguments)),
    index: ($) => seq(field("value", $._postfix), "[", field("index", $._expression), "]"),
    arguments: ($) => seq("(", optional(listed(choice($._expression, $.keyword))), ")"),
    keyword: ($) => seq(field("name", $.identifier), "=", field("value", $._expression)),
    _atom: ($) => choice(
      $.identifier, $.integer, $.real, $.size, $.string, $.boolean, $.group, $.list,
      $.comprehension,
    ),
    boolean: () => choice("true", "false"),
    group: ($) => seq("(", $._expression, ")"),
    list: ($) => seq("[", optional(listed($._expression)), "]"),
    comprehension: ($) => seq(
      "[", field("item", $._expression), "for", field("targets", $.targets),
      "in", field("over", $._or), optional(seq("if", field("condition", $._or))), "]",
    ),

    // Of two that match as much the first is taken: `HxW` is a size, `HxWide` a name.
    size: () => /([0-9]+|[A-Z])(x([0-9]+|[A-Z]))+/,
    real: () => /([0-9][0-9_]*)?\.[0-9][0-9_]*([eE][+-]?[0-9]+)?|[0-9][0-9_]*[eE][+-]?[0-9]+/,
    integer: () => /[0-9][0-9_]*/,
    identifier: () => /[A-Za-z_][A-Za-z0-9_]*/,
    path: () => /[A-Za-z_*][A-Za-z0-9_*]*(\.[A-Za-z0-9_*]+)*/,
    docstring: () => token(choice(
      /"""("{0,2}([^"\\]|\\(.|\n)))*"""/,
      /'''('{0,2}([^'\\]|\\(.|\n)))*'''/,
    )),
    string: () => token(choice(/"([^"\\\n]|\\.)*"/, /'([^'\\\n]|\\.)*'/)),
  },
});
