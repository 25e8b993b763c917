[
  (block)
  (network)
  (branch)
  (dense)
  (repeat)
  (chain)
  (for)
  (if)
  (elif)
  (else)
  (replace)
  (insert)
  (arguments)
  (parameters)
  (list)
  (comprehension)
  (group)
] @indent.begin

[(elif) (else) ")" "]"] @indent.branch
(docstring) @indent.ignore
