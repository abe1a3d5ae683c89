using ApiShield.Proxy.CommandLine;

return await Commands.Root().Parse(args).InvokeAsync();
