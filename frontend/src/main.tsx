import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { whenSessionEnds } from "./api/client";
import { queryClient } from "./api/queries";
import { router } from "./app/router";
import { showStartFailure } from "./app/start-failure";
import { activateLocale, preferredLocale } from "./i18n/locale";
import { userQuery } from "./session/session";
import { CommandProvider } from "./ui/commands";
import { applyTheme } from "./ui/theme";
import { ToastProvider } from "./ui/toasts";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

applyTheme();
try {
  await activateLocale(preferredLocale());
} catch (error) {
  showStartFailure(root);
  throw error;
}

// What the server no longer lets us see is not shown any longer; the router then asks to sign in.
whenSessionEnds(() => {
  // Who was not signed in is asked to by the router, which has just asked.
  if (queryClient.getQueryData(userQuery.queryKey) === undefined) return;
  queryClient.removeQueries({ queryKey: ["session"] });
  void router.invalidate();
});

createRoot(root).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={queryClient}>
        <ToastProvider>
          <CommandProvider>
            <RouterProvider router={router} />
          </CommandProvider>
        </ToastProvider>
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
