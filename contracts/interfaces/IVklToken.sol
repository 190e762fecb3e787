// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The token that points become, as the bridge sees it
/// @notice ERC-20 with votes. Only the bridge it was built with may mint or burn; there is no owner
/// and transfers cannot be paused.
/// @dev Besides this: ERC-20, ERC-2612 (permit), ERC-5805 (votes, delegation by signature), ERC-6372
/// (clock in seconds) and ERC-7802 (`crosschainMint`, `crosschainBurn`, for the bridge alone).
interface IVklToken {
    /// @notice Someone who is not the bridge tried to mint or burn.
    error OnlyBridge(address caller);
    /// @notice Tokens cannot be minted to nobody, to the token or to the bridge.
    error RecipientRefused(address recipient);
    /// @notice A record without points would be a recipient without a reason.
    error EmptyRecord(address recipient);
    /// @notice The records are empty or not a whole number of `recordBytes` long.
    error MalformedRecords(uint256 bytesGiven, uint256 recordBytes);

    /// @notice The one account that mints and burns, fixed for ever.
    function BRIDGE() external view returns (address);

    /// @notice Mint to every recipient of a batch; the total supply is checkpointed once.
    /// @dev Bridge only. The caller bounds the number of records.
    /// @param records 26 bytes each: recipient (20), whole points (6, big-endian).
    /// @return points The sum of the records, in whole points.
    function mintBatch(bytes calldata records) external returns (uint256 points);
}
