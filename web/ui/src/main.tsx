import { setupListeners } from "@reduxjs/toolkit/query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import { RouterProvider } from "react-router";
import { router } from "@/app/routes";
import { makeStore } from "@/app/store";
import "@/app/theme.css";
import { SessionProvider } from "@/session/SessionProvider";
import { showRememberedTheme } from "@/settings/theme";
import { LineProvider } from "@/socket/LineProvider";

showRememberedTheme();

const screen = document.getElementById("screen");
if (screen === null) {
  throw new Error("index.html has no element #screen");
}

const store = makeStore();
setupListeners(store.dispatch); // what need not be asked for in a hidden tab

createRoot(screen).render(
  <StrictMode>
    <Provider store={store}>
      <SessionProvider>
        <LineProvider>
          <RouterProvider router={router} />
        </LineProvider>
      </SessionProvider>
    </Provider>
  </StrictMode>,
);
