// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev What halmos offers beside the cheatcodes of forge: unknowns, which a proof holds for all of.
interface Svm {
    function createAddress(string memory name) external pure returns (address);
    function createCalldata(string memory contractName) external pure returns (bytes memory);
    function createUint256(string memory name) external pure returns (uint256);
    function enableSymbolicStorage(address account) external;
}

interface Hevm {
    function assume(bool condition) external pure;
    function etch(address target, bytes calldata code) external;
    function prank(address caller) external;
    function warp(uint256 timestamp) external;
}

/// @dev A proof: some state that may be any, some call that may be any, by anyone at any time.
abstract contract Symbolic {
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
    Hevm internal constant vm = Hevm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev The same code, immutables and all, over a storage that may be anything. Elsewhere than where it
    /// was made: what a constructor has written would stay as written.
    function _inAnyState(address made) internal returns (address place) {
        place = address(uint160(made) ^ 0xA5A500000000);
        vm.etch(place, made.code);
        svm.enableSymbolicStorage(place);
    }

    /// @dev Any function of a contract with any arguments, by any caller at any time.
    function _callAnything(address target, string memory name) internal returns (address caller, bool done) {
        caller = svm.createAddress("caller");
        bytes memory data = svm.createCalldata(name);
        uint256 moment = svm.createUint256("moment");
        vm.assume(moment > block.timestamp && moment < 2 ** 40);
        vm.warp(moment);
        vm.prank(caller);
        (done,) = target.call(data);
    }
}
