-- What holds in a buffer of .arch text; the language server is started for it.
-- Vim has a plug-in for another language with files of that name; whichever comes first, ours holds.
if vim.b.did_archlang_ftplugin then
  return
end
vim.b.did_archlang_ftplugin = true
vim.b.did_ftplugin = true

vim.bo.commentstring = "# %s"
vim.bo.comments = ":#"
vim.bo.expandtab = true
vim.bo.shiftwidth = 4
vim.bo.softtabstop = 4
vim.bo.suffixesadd = ".arch"
vim.bo.iskeyword = "@,48-57,_"
-- A line below a comment is none, whatever the other plug-in thinks.
vim.opt_local.formatoptions:remove({ "t", "r", "o" })
vim.wo.foldmethod = "indent"
vim.wo.foldlevel = 99
vim.b.undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< suffixesadd<"
  .. " iskeyword< formatoptions< foldmethod< foldlevel<"
  .. " | unlet! b:did_archlang_ftplugin" -- so that reading the file again sets all of this again

require("archlang").start(vim.api.nvim_get_current_buf())
