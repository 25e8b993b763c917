-- Commands of the plug-in.
vim.api.nvim_create_user_command("ArchPreview", function()
  require("archlang").preview()
end, { desc = "Open the live page of this .arch file" })
