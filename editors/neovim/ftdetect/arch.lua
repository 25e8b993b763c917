-- Vim's own runtime may take .arch for another language: ours is set after it.
vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
  pattern = "*.arch",
  callback = function(event)
    vim.bo[event.buf].filetype = "arch"
  end,
})
