// "Print" on invoices and packing slips. Without it the PDF beside it serves.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
