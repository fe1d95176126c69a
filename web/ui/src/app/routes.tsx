/** Which page is where. Pages are loaded when they are first opened, so that the first one comes fast. */

import { createBrowserRouter, Navigate } from "react-router";
import { Waiting } from "@/parts/Waiting";
import { AdminGate, Gate } from "@/session/Gate";
import { Register } from "@/session/Register";
import { SignIn } from "@/session/SignIn";
import { Broken } from "./Broken";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";

export const router = createBrowserRouter([
  {
    errorElement: (
      <main>
        <Broken />
      </main>
    ),
    hydrateFallbackElement: <Waiting words="Getting the page…" />,
    children: [
      { path: "/sign-in", element: <SignIn /> },
      { path: "/register", element: <Register /> },
      {
        element: <Gate />,
        children: [
          {
            element: <Shell />,
            // Within the shell, so that one can go elsewhere.
            children: [
              {
                errorElement: <Broken />,
                children: [
                  { index: true, element: <Navigate to="/watchlist" replace /> },
                  {
                    path: "/watchlist",
                    lazy: async () => ({ Component: (await import("@/watchlist/Watchlist")).Watchlist }),
                  },
                  {
                    path: "/chart/:symbol?",
                    lazy: async () => ({ Component: (await import("@/chart/ChartPage")).ChartPage }),
                  },
                  {
                    path: "/chain/:underlying?",
                    lazy: async () => ({ Component: (await import("@/chain/ChainPage")).ChainPage }),
                  },
                  {
                    path: "/report/:date?",
                    lazy: async () => ({ Component: (await import("@/report/ReportPage")).ReportPage }),
                  },
                  {
                    path: "/alerts",
                    lazy: async () => ({ Component: (await import("@/alerts/AlertsPage")).AlertsPage }),
                  },
                  {
                    path: "/screeners/:id?",
                    lazy: async () => ({
                      Component: (await import("@/screeners/ScreenersPage")).ScreenersPage,
                    }),
                  },
                  {
                    path: "/settings",
                    lazy: async () => ({ Component: (await import("@/settings/Settings")).Settings }),
                  },
                  {
                    element: <AdminGate />,
                    children: [
                      {
                        path: "/operations/*",
                        lazy: async () => ({ Component: (await import("@/operations/Operations")).Operations }),
                      },
                    ],
                  },
                  { path: "*", element: <NotFound /> },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
]);
