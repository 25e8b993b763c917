" The colours of .arch files; written by `python -m editors.generate`.
if exists("b:current_syntax")
  finish
endif

syntax keyword archKeyword after arch as assert before block branch chain default dense elif else except for freeze from if input insert let network output remove repeat replace shared skips training use when
syntax keyword archWord and in not or
syntax keyword archConstant false none same true
syntax keyword archFunction abs ceil enumerate floor int len log2 max min range reversed round sqrt sum zip
syntax keyword archLayer adaptive_avgpool adaptive_maxpool affine alpha_dropout avgpool bn channel_shuffle constant conv crop dirac drop_path dropout dropout1d dropout2d dropout3d dwconv elu fc fixed flatten gap gelu gmp gn hardsigmoid hardswish hardtanh identity inorm kaiming kaiming_normal kaiming_uniform leaky_relu ln log_softmax lppool lrn maxout maxpool mish normal ones orthogonal pad permute pixel_shuffle pixel_unshuffle prelu project rbf relu relu6 reshape resize scale select selu sepconv sigmoid silu softmax softplus sparse_conv split tanh trunc_normal uniform upconv upsample xavier xavier_normal xavier_uniform zeros

syntax match archSize "\v<%(\d+|[A-Z])%(x%(\d+|[A-Z]))+>"
syntax match archNumber "\v<\d[0-9_]*%(\.\d[0-9_]*)?%([eE][+-]?\d+)?>"
syntax match archOperator "\v-\>|\+\+|\*\*|//|[!=<>]\=|[-+*/%∘@<>=]"
syntax match archSoft "\v^\s*\zs%(adapt|weights)\ze\s+[A-Za-z_*\"']"
syntax match archUnit "\v<[A-Z]\w*>" contains=archSize
syntax match archDefined "\v%(<%(block|network)\s+)@<=\w+"
syntax match archAttribute "\v\.@<=\w+"
syntax match archComment "#.*$"
syntax region archString start=+"+ skip=+\\.+ end=+"+ oneline
syntax region archString start=+'+ skip=+\\.+ end=+'+ oneline
syntax region archDoc start=+"""+ skip=+\\.+ end=+"""+ keepend
syntax region archDoc start=+'''+ skip=+\\.+ end=+'''+ keepend

highlight default link archKeyword Keyword
highlight default link archSoft Keyword
highlight default link archWord Operator
highlight default link archConstant Constant
highlight default link archFunction Function
highlight default link archLayer Function
highlight default link archSize Number
highlight default link archNumber Number
highlight default link archOperator Operator
highlight default link archUnit Type
highlight default link archDefined Type
highlight default link archAttribute Identifier
highlight default link archComment Comment
highlight default link archString String
highlight default link archDoc Comment

let b:current_syntax = "arch"
